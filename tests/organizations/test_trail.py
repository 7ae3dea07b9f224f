"""The audit trail (SECURITY R22)."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from organizations import scope
from organizations.actions.trail import record, verify
from organizations.calculations.actor import SYSTEM
from organizations.calculations.trail import GENESIS, entry_hash, first_broken
from organizations.models import AuditEvent
from tests.cast import Company

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def append(company: Company, action: str) -> AuditEvent:
    with transaction.atomic():
        return record(
            organization_id=company.organization.pk,
            actor=SYSTEM,
            action=action,
            object_kind="thing",
            object_id=1,
            changes={"name": action},
            now=NOW,
        )


def test_entries_follow_from_one_another(acme: Company) -> None:
    first, second = append(acme, "one"), append(acme, "two")
    assert second.previous_hash == first.hash
    assert second.sequence == first.sequence + 1
    assert verify(organization_id=acme.organization.pk) is None


def test_each_organization_has_its_own_chain(acme: Company, twin: Company) -> None:
    before = append(acme, "one")
    append(twin, "theirs")
    assert append(acme, "two").previous_hash == before.hash


def test_one_flipped_byte_is_found(acme: Company) -> None:
    append(acme, "one")
    with scope.organization(acme.organization.pk):
        events = list(AuditEvent.objects.order_by("sequence"))
    entries = []
    for event in events:
        from organizations.actions.trail import entry_of

        entries.append((event.sequence, event.previous_hash, event.hash, entry_of(event)))
    assert first_broken(entries) is None
    sequence, previous, own, entry = entries[1]
    entries[1] = (sequence, previous, own, entry | {"action": "altered"})
    assert first_broken(entries) == sequence


def test_a_missing_entry_is_found() -> None:
    one = entry_hash(previous=GENESIS, entry={"n": 1})
    two = entry_hash(previous=one, entry={"n": 2})
    assert first_broken([(2, one, two, {"n": 2})]) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE organizations_auditevent SET action = 'x'",
        "DELETE FROM organizations_auditevent",
    ],
)
def test_the_database_refuses_to_edit_the_trail(acme: Company, statement: str) -> None:
    append(acme, "one")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError):
        record(
            organization_id=1,
            actor=SYSTEM,
            action="x",
            object_kind="x",
            object_id=1,
            now=NOW,
        )
