"""Every page of the ground floor: who may open it, and what another organization's answer is."""

import uuid
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from organizations import scope
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Role
from organizations.models import ApiKey, Membership, Subject, SubjectLink
from tests.builders import make_batch

pytestmark = pytest.mark.django_db

PAGES = [
    *("setup", "people", "people_export", "people_import", "people_template"),
    *("data", "batches", "keys", "subjects"),
]
MAY = {Role.ADMINISTRATOR, Role.PROGRAM_LEAD}


@pytest.mark.parametrize("role", list(Role))
def test_leads_and_administrators_open_every_page_and_nobody_else_does(acme, role):
    client = acme.client(role)

    answers = {name: client.get(reverse(name)).status_code for name in PAGES}

    assert answers == dict.fromkeys(PAGES, 200 if role in MAY else 403)


@pytest.mark.parametrize("role", sorted(set(Role) - MAY))
def test_no_other_role_changes_anything(acme, role):
    client = acme.client(role)
    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get()
        subject = make_subject()
        batch = make_batch("a", organization=acme.organization, kind=BatchKind.USAGE)
    doors = [
        (reverse("keys"), {"name": "mine", "scopes": ["ingest:usage"], "days": 30}),
        (reverse("key_revoke", args=[key.public_id]), {}),
        (reverse("subject_link", args=[subject.public_id]), {"person": "bo.chen@acme.test"}),
        (reverse("batch_retry", args=[batch.number]), {}),
        (reverse("people_import"), {}),
    ]

    assert {client.post(url, data).status_code for url, data in doors} == {403}
    with scope.organization(acme.organization.pk):
        assert ApiKey.objects.filter(revoked_at=None).count() == 1
        assert not SubjectLink.objects.exists()


def test_without_a_login_every_page_leads_to_the_sign_in(acme):
    for name in PAGES:
        answer = Client().get(reverse(name))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


def make_subject(*, name: str = "ghost") -> Subject:
    return Subject.objects.create(
        source="copilot",
        kind="login",
        external_id=name,
        first_seen=date(2026, 10, 5),
        last_seen=date(2026, 10, 12),
    )


def test_things_of_another_organization_are_not_there(acme, twin):
    with scope.organization(twin.organization.pk):
        key = ApiKey.objects.get()
        subject = make_subject()
        for _ in range(2):
            batch = make_batch(
                uuid.uuid4().hex, organization=twin.organization, kind=BatchKind.USAGE
            )
    client = acme.client(Role.PROGRAM_LEAD)

    gets = [
        reverse("batch", args=[batch.number]),
        reverse("batch_errors", args=[batch.number]),
        reverse("subject_link", args=[subject.public_id]),
    ]
    posts = [
        reverse("key_revoke", args=[key.public_id]),
        reverse("subject_link", args=[subject.public_id]),
        reverse("batch_retry", args=[batch.number]),
    ]

    assert [client.get(url).status_code for url in gets] == [404] * 3
    assert [client.post(url, {"person": "x"}).status_code for url in posts] == [404] * 3
    with scope.organization(twin.organization.pk):
        assert ApiKey.objects.get().revoked_at is None


@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_anything_of_another_organization(acme, twin, name):
    with scope.organization(twin.organization.pk):
        make_subject(name="canary")
        make_batch("CANARY", organization=twin.organization, kind=BatchKind.USAGE)

    answer = acme.client(Role.PROGRAM_LEAD).get(reverse(name))

    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert b"canary" not in body.lower()


@pytest.mark.parametrize("name", ["switch", "key_revoke", "batch_retry"])
def test_what_changes_something_is_never_a_link(acme, name):
    arguments = {"key_revoke": [uuid.uuid4()], "batch_retry": [1]}.get(name, [])

    answer = acme.client(Role.PROGRAM_LEAD).get(reverse(name, args=arguments))

    assert answer.status_code == 405


def test_switching_leads_to_another_of_ones_own_organizations(acme, twin):
    user = acme.users[Role.PROGRAM_LEAD]
    with scope.organization(twin.organization.pk):
        Membership.objects.create(user=user, role=Role.PROGRAM_LEAD.value)
    client = acme.client(Role.PROGRAM_LEAD)
    assert "Acme" in client.get(reverse("people")).content.decode()

    answer = client.post(reverse("switch"), {"organization": twin.organization.public_id})

    assert answer["Location"] == reverse("home")
    page = client.get(reverse("people")).content.decode()
    assert "Bo Chen CANARY" in page
    assert client.session["organization"] == str(twin.organization.public_id)


@pytest.mark.parametrize("chosen", ["foreign", "nonsense", ""])
def test_nobody_switches_into_an_organization_of_others(acme, twin, chosen):
    client = acme.client(Role.PROGRAM_LEAD)
    value = twin.organization.public_id if chosen == "foreign" else chosen

    answer = client.post(reverse("switch"), {"organization": value})

    assert answer.status_code == 404
    assert "organization" not in client.session
