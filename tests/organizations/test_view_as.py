"""The example organization as any role: seen, never changed."""

import pytest
from django.urls import reverse

from organizations import scope
from organizations.calculations.roles import LABELS, Role
from organizations.models import AuditEvent, Membership, Organization
from tests.cast import Company
from tests.contracts.doors import PAGES, member_pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def example(acme: Company) -> Company:
    Organization.objects.filter(pk=acme.organization.pk).update(example=True)
    return acme


def looking(company: Company, role: Role):
    client = company.client(Role.ADMINISTRATOR)
    answer = client.post(reverse("view_as"), {"role": role.value})
    assert answer["Location"] == reverse("home")
    return client


# To look as somebody else, to stop, to leave; and light or dark.
STAY_OPEN = ("view-as/", "view-as/stop/", "switch/", "accounts/logout/", "profile/theme/")
LANDING = {
    Role.PROGRAM_LEAD: "/sprint/",
    Role.CHAMPION: "/adoption/",
    Role.FACILITATOR: "/scoring/",
    Role.MEMBER: "/me/",
}


@pytest.mark.parametrize("role", LANDING)
def test_pages_are_those_of_the_role_with_a_way_back(example, role):
    client = looking(example, role)

    page = client.get("/", follow=True)

    assert page.redirect_chain[-1][0] == LANDING[role]
    text = page.content.decode()
    assert f"Seen as {LABELS[role].lower()}" in text
    assert reverse("view_as_stop") in text
    assert client.get(reverse("members")).status_code == 403


def test_every_page_answers_as_the_role_would_be_answered(example):
    """Also with departments: those of a champion, for the administrator has none."""
    client = looking(example, Role.CHAMPION)
    champion = example.client(Role.CHAMPION)
    for route, page in member_pages().items():
        if page.takes or "GET" not in page.methods or "export" in route or ".csv" in route:
            continue
        address = f"/{route}"
        assert client.get(address).status_code == champion.get(address).status_code, route


def test_nothing_is_changed_while_looking(example):
    client = looking(example, Role.PROGRAM_LEAD)
    for route, page in PAGES.items():
        if "POST" not in page.methods or page.takes or route in STAY_OPEN:
            continue
        answer = client.post(f"/{route}".replace("^", "").replace("/?$", ""))
        assert answer.status_code == 403, route
        assert "looking at pages as another role" in answer.content.decode()


def test_nothing_is_taken_away_while_looking(example):
    client = looking(example, Role.PROGRAM_LEAD)
    for address in ("people_export", "initiatives_export", "adoption_export"):
        assert client.get(reverse(address)).status_code == 403
    with scope.organization(example.organization.pk):
        assert not AuditEvent.objects.filter(action__endswith="exported").exists()


def test_another_role_and_the_way_back_are_open_meanwhile(example):
    client = looking(example, Role.MEMBER)
    client.post(reverse("view_as"), {"role": "executive"})
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/sprint/"

    client.post(reverse("view_as_stop"))

    assert client.get(reverse("members")).status_code == 200
    assert "Seen as" not in client.get(reverse("members")).content.decode()


def test_looking_begins_and_ends_in_the_trail(example):
    client = looking(example, Role.MEMBER)
    for _ in range(2):
        client.post(reverse("view_as_stop"))
    with scope.organization(example.organization.pk):
        found = AuditEvent.objects.filter(action__startswith="view_as").order_by("sequence")
        assert [(one.action, one.changes, one.actor_id) for one in found] == [
            ("view_as.started", {"role": "member"}, example.users[Role.ADMINISTRATOR].pk),
            ("view_as.stopped", {}, example.users[Role.ADMINISTRATOR].pk),
        ]


def test_no_real_organization_is_seen_as_another_role(acme):
    client = acme.client(Role.ADMINISTRATOR)
    assert client.post(reverse("view_as"), {"role": "member"}).status_code == 404
    assert "another role" not in client.get(reverse("members")).content.decode()


def test_a_session_that_was_looking_sees_nothing_more_once_the_role_is_gone(example):
    client = looking(example, Role.PROGRAM_LEAD)
    with scope.organization(example.organization.pk):
        Membership.objects.filter(user=example.users[Role.ADMINISTRATOR]).update(role="auditor")
    assert client.get(reverse("people")).status_code == 403


def test_looking_ends_where_the_organization_is_no_example(example):
    client = looking(example, Role.MEMBER)
    Organization.objects.filter(pk=example.organization.pk).update(example=False)
    assert client.get(reverse("members")).status_code == 200


def test_in_another_organization_the_own_roles_hold(example, twin):
    with scope.organization(twin.organization.pk):
        Membership.objects.create(user=example.users[Role.ADMINISTRATOR], role="administrator")
    Organization.objects.filter(pk=twin.organization.pk).update(example=True)
    client = looking(example, Role.MEMBER)

    client.post(reverse("switch"), {"organization": twin.organization.public_id})

    assert client.get(reverse("members")).status_code == 200


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_nobody_else_looks_as_another_role(example, role):
    answer = example.client(role).post(reverse("view_as"), {"role": "administrator"})
    assert answer.status_code == 403


def test_nonsense_is_no_role(example):
    answer = example.client(Role.ADMINISTRATOR).post(reverse("view_as"), {"role": "king"})
    assert answer.status_code == 404
