import csv
import io

import pytest
from django.test import Client

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import Person
from tests.adoption.figures import weeks_ago, write_person_week, write_state, write_week
from tests.builders import make_person
from tests.cast import Company

pytestmark = pytest.mark.django_db


def link(company: Company, role: Role, *, email: str) -> Person:
    """A person behind the login of a role, with use of their own."""
    person = make_person(email=email, name=f"Person {email}", user=company.users[role])
    write_person_week(
        week=weeks_ago(0),
        person_id=person.pk,
        initiative_id=company.initiative.pk,
        days=3,
        uses=9137,
    )
    return person


@pytest.fixture
def company(acme: Company) -> Company:
    with scope.organization(acme.organization.pk):
        write_state(organization=acme.organization)
        write_week(week=weeks_ago(0), direct={})
        write_week(week=weeks_ago(0), direct={}, initiative_id=acme.initiative.pk)
        link(acme, Role.MEMBER, email="kofi@acme.test")
    return acme


@pytest.mark.parametrize("role", sorted(Role))
@pytest.mark.parametrize("address", ["/me/", "/me/export.csv"])
def test_everybody_but_the_auditor_has_a_page_of_their_own(
    company: Company, role: Role, address: str
) -> None:
    status = company.client(role).get(address).status_code
    assert status == (403 if role is Role.AUDITOR else 200)


def test_strangers_are_asked_to_sign_in(db: None) -> None:
    assert Client().get("/me/").status_code == 302


def test_a_person_sees_their_own_use(company: Company) -> None:
    html = company.client(Role.MEMBER).get("/me/").content.decode()
    assert "You used AI in the last week</h1>" in html
    assert "9,137" in html
    assert html.count('<details class="where">') >= 4


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MEMBER, Role.AUDITOR}))
def test_nobody_else_sees_it_whatever_they_ask_for(company: Company, role: Role) -> None:
    with scope.organization(company.organization.pk):
        kofi = Person.objects.get(email="kofi@acme.test")
    client = company.client(role)
    for query in ("", f"?person={kofi.pk}", f"?person_id={kofi.pk}", f"?user={kofi.user_id}"):
        html = client.get(f"/me/{query}").content.decode()
        assert "9,137" not in html
        assert "No usage can be shown for this login</h1>" in html
        text = b"".join(client.get(f"/me/export.csv{query}").streaming_content).decode()
        assert "9137" not in text


def test_a_login_without_a_person_learns_how_it_gets_one(company: Company) -> None:
    html = company.client(Role.EXECUTIVE).get("/me/").content.decode()
    assert "executive@acme.test" in html
    assert "Download my data" not in html


def test_the_file_holds_own_rows_only(company: Company) -> None:
    with scope.organization(company.organization.pk):
        link(company, Role.CHAMPION, email="tomas@acme.test")
    answer = company.client(Role.MEMBER).get("/me/export.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [(row["week"], row["days with use"], row["uses"]) for row in rows] == [
        (weeks_ago(0).isoformat(), "3", "9137")
    ]


def test_use_in_the_twin_belongs_to_the_twin(company: Company, twin: Company) -> None:
    """One login in both organizations: the page shows the one in force."""
    with scope.organization(twin.organization.pk):
        link(twin, Role.MEMBER, email="kofi@acme.test")
        Person.objects.filter(email="kofi@acme.test").update(user=company.users[Role.MEMBER])
        twin.initiative.name = "Elsewhere"
        twin.initiative.save(update_fields=["name"])
    html = company.client(Role.MEMBER).get("/me/").content.decode()
    assert "Elsewhere" not in html
