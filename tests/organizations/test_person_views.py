"""Looking at what is stored of a person leaves a trace that the person sees."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError

from organizations.actions.views_of import record_view
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Person, PersonView
from tests.cast import Company

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def look(
    company: Company,
    *,
    role: Role = Role.CHAMPION,
    what: str = "Coaching page",
    now: datetime = NOW,
) -> PersonView | None:
    return record_view(
        person=company.person,
        member_user=company.users[role],
        role=role.value,
        what=what,
        now=now,
    )


def test_a_look_is_kept_and_recorded(in_acme: Company) -> None:
    view = look(in_acme)

    assert view is not None
    assert (view.viewer, view.viewer_role, view.what) == (
        in_acme.users[Role.CHAMPION],
        "champion",
        "Coaching page",
    )
    entry = AuditEvent.objects.get(action="person.viewed")
    assert entry.object_id == str(in_acme.person.public_id)
    assert entry.actor_id == in_acme.users[Role.CHAMPION].pk
    assert in_acme.person.name not in str(entry.changes)


def test_looking_again_within_the_hour_is_the_same_look(in_acme: Company) -> None:
    look(in_acme)
    assert look(in_acme, now=NOW + timedelta(minutes=59)) is None
    assert look(in_acme, now=NOW + timedelta(minutes=61)) is not None
    assert AuditEvent.objects.filter(action="person.viewed").count() == 2


def test_another_member_and_another_page_are_other_looks(in_acme: Company) -> None:
    look(in_acme)
    assert look(in_acme, role=Role.ADMINISTRATOR) is not None
    assert look(in_acme, what="Request about data") is not None
    assert PersonView.objects.count() == 3


def test_looking_at_oneself_is_no_look(in_acme: Company) -> None:
    Person.objects.filter(pk=in_acme.person.pk).update(user=in_acme.users[Role.MEMBER])
    in_acme.person.refresh_from_db()
    assert look(in_acme, role=Role.MEMBER) is None
    assert not PersonView.objects.exists()


def test_a_look_that_cannot_be_recorded_is_not_kept(
    in_acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: AuditEvent, **_: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(AuditEvent, "save", refuse)
    with pytest.raises(DatabaseError):
        look(in_acme)
    assert not PersonView.objects.exists()
