"""The first visit: open once, from this machine, and never again."""

import pytest
from django.test import Client
from django.urls import reverse

from organizations import scope
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.calculations.roles import Role, Scope
from organizations.models import AuditEvent, Membership, Organization, User
from organizations.reports import offers
from organizations.reports.offers import SetupStep
from organizations.reports.setup import setup_report
from tests.builders import make_batch, make_key, make_organization, make_person, make_user

pytestmark = pytest.mark.django_db

VALUES = {
    "organization": "Northwind Freight",
    "time_zone": "America/Chicago",
    "currency": "usd",
    "name": "Elena Marsh",
    "email": "Elena@northwind.example",
    "password": "a sentence is easy to keep",
}


@pytest.fixture(autouse=True)
def no_offers(monkeypatch):
    monkeypatch.setattr(offers, "_steps", {})
    monkeypatch.setattr(offers, "_choosers", {})


def post(**changes):
    client = Client()
    return client, client.post(reverse("welcome"), VALUES | changes)


def test_the_first_visit_makes_the_organization_and_signs_its_first_login_in():
    client, answer = post()

    assert answer.status_code == 302
    assert answer["Location"] == reverse("setup")
    organization, user = Organization.objects.get(), User.objects.get()
    assert (organization.name, organization.currency) == ("Northwind Freight", "USD")
    assert (user.email, user.name) == ("elena@northwind.example", "Elena Marsh")
    assert user.check_password(VALUES["password"])
    with scope.organization(organization.pk):
        roles = set(Membership.objects.values_list("role", flat=True))
        assert roles == {Role.ADMINISTRATOR, Role.PROGRAM_LEAD}
        assert AuditEvent.objects.filter(action="organization.created").exists()
    assert client.get(reverse("setup")).status_code == 200


def test_the_page_is_closed_as_soon_as_there_is_a_login():
    make_user()

    _, answer = post()

    assert answer.status_code == 302
    assert not Organization.objects.exists()
    assert Client().get(reverse("welcome")).status_code == 302


@pytest.mark.parametrize(
    "where",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_makes_the_first_login_from_elsewhere(where, method):
    answer = getattr(Client(**where), method)(reverse("welcome"), VALUES)

    assert answer.status_code == 403
    assert not User.objects.exists()


def test_the_other_loopback_address_is_this_machine_as_well():
    assert Client(REMOTE_ADDR="::1").get(reverse("welcome")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "short"}, "password"),
        ({"currency": "$"}, "currency"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"organization": ""}, "organization"),
        ({"email": "elena"}, "email"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_made(changes, field):
    _, answer = post(**changes)

    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {field}
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Organization.objects.exists()
    assert not User.objects.exists()


def test_a_login_without_any_role_is_told_what_to_do():
    client = Client()
    client.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")

    answer = client.get(reverse("setup"), follow=True)

    assert answer.redirect_chain[-1][0] == reverse("no_organization")
    assert "Ask an administrator" in answer.content.decode()


def test_the_set_up_reads_its_steps_off_the_data():
    organization = make_organization(name="Acme")
    with scope.organization(organization.pk):
        report = setup_report(organization=organization)
        assert [(s.step.key, s.state) for s in report.steps] == [
            ("organization", "done"),
            ("people", "now"),
            ("usage", ""),
        ]
        assert report.left_in_words == "Two steps left"

        make_person(department="Operations / Warehouse")
        report = setup_report(organization=organization)
        assert report.steps[1].said == "1 person, 2 departments"
        assert report.steps[2].state == "now"


def test_a_batch_of_usage_that_brought_rows_completes_the_set_up():
    organization = make_organization()
    with scope.organization(organization.pk):
        make_person()
        make_key(organization=organization, scopes=[Scope.INGEST_USAGE])
        batch = make_batch("", organization=organization, kind=BatchKind.USAGE)
        assert not setup_report(organization=organization).complete

        type(batch).objects.filter(pk=batch.pk).update(
            state=BatchState.DONE.value, received=2, accepted=2
        )
        report = setup_report(organization=organization)

    assert report.complete
    assert report.steps[2].said == "1 batch of usage, 1 key"


def test_upper_floors_add_their_steps_in_order():
    offers.add_setup_step(
        SetupStep(
            key="sprint",
            order=30,
            title="Set sprint dates",
            hint="Ninety days.",
            button="Set dates",
            url_name="home",
            said=lambda organization: "",
        )
    )
    organization = make_organization()
    with scope.organization(organization.pk):
        steps = setup_report(organization=organization).steps

    assert [step.step.key for step in steps] == ["organization", "people", "sprint", "usage"]
