"""The audit trail (SECURITY R22): chained, append-only, proved, and ended by its time alone."""

import ast
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from organizations import scope
from organizations.actions import trail_check
from organizations.actions.keys import create_key
from organizations.actions.retention import forget_trail
from organizations.actions.trail import entry_of, expire, record, verify
from organizations.actions.trail_check import BROKEN, check_chain
from organizations.calculations.actor import SYSTEM
from organizations.calculations.choices import ItemState, RequestState
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Role, Scope
from organizations.calculations.trail import GENESIS, entry_hash, first_broken
from organizations.models import ApiKey, AuditEvent, AuditHead, QueueItem
from organizations.registry import deeds
from portfolio.calculations.proposals import ProposalState
from tests.builders import make_organization
from tests.cast import Company, make_company

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def append(company: Company, action: str, *, at: datetime = NOW) -> AuditEvent:
    return append_to(company.organization.pk, action, at=at)


def append_to(organization_id: int, action: str, *, at: datetime = NOW) -> AuditEvent:
    with transaction.atomic():
        return record(
            organization_id=organization_id,
            actor=SYSTEM,
            action=action,
            object_kind="thing",
            object_id=1,
            changes={"name": action},
            now=at,
        )


@contextmanager
def as_owner() -> Iterator[None]:
    """Whoever owns the database, with the guard switched off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("ALTER TABLE organizations_auditevent DISABLE TRIGGER USER")
        yield
        cursor.execute("ALTER TABLE organizations_auditevent ENABLE TRIGGER USER")
        cursor.execute("RESET ROLE")


def say_as_owner(statement: str) -> None:
    """Whoever owns the database, with the guard in place."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(statement)


def tamper(statement: str, *values: object) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(statement, values)


# --- the chain ----------------------------------------------------------------------------------
def test_entries_follow_from_one_another(acme: Company) -> None:
    first, second = append(acme, "one"), append(acme, "two")
    assert second.previous_hash == first.hash
    assert second.sequence == first.sequence + 1
    assert verify(organization_id=acme.organization.pk) is None


def test_each_organization_has_its_own_chain(acme: Company, twin: Company) -> None:
    before = append(acme, "one")
    append(twin, "theirs")
    assert append(acme, "two").previous_hash == before.hash


def test_an_altered_entry_is_named() -> None:
    one, two = {"n": 1}, {"n": 2}
    first = entry_hash(previous=GENESIS, entry=one)
    second = entry_hash(previous=first, entry=two)
    entries = [(1, GENESIS, first, one), (2, first, second, two)]
    assert first_broken(entries, head=(2, second)) is None
    assert first_broken([entries[0], (2, first, second, {"n": 3})]) == 2


def test_a_missing_entry_is_named_wherever_it_is_missing() -> None:
    hashes, previous = [GENESIS], GENESIS
    for number in range(1, 5):
        previous = entry_hash(previous=previous, entry={"n": number})
        hashes.append(previous)
    entries = [(n, hashes[n - 1], hashes[n], {"n": n}) for n in range(1, 5)]
    head = (4, hashes[4])
    assert first_broken(entries[1:], head=head) == 1
    assert first_broken(entries[:2] + entries[3:], head=head) == 3
    assert first_broken(entries[:3], head=head) == 4
    assert first_broken([], head=head) == 1
    assert first_broken(entries[2:], cut=(2, hashes[2]), head=head) is None
    assert first_broken(entries[2:], cut=(2, hashes[1]), head=head) == 3


def test_one_flipped_byte_in_the_database_is_found_and_named(acme: Company) -> None:
    append(acme, "one")
    altered = append(acme, "two")
    append(acme, "three")
    tamper(
        "UPDATE organizations_auditevent SET action = 'twp'"
        " WHERE organization_id = %s AND sequence = %s",
        *(acme.organization.pk, altered.sequence),
    )
    assert verify(organization_id=acme.organization.pk) == altered.sequence


def test_a_tail_that_was_cut_off_is_found(acme: Company) -> None:
    append(acme, "one")
    last = append(acme, "two")
    tamper(
        "DELETE FROM organizations_auditevent WHERE organization_id = %s AND sequence = %s",
        *(acme.organization.pk, last.sequence),
    )
    assert verify(organization_id=acme.organization.pk) == last.sequence


def test_a_chain_without_its_head_is_broken(acme: Company) -> None:
    append(acme, "one")
    AuditHead.objects.filter(organization_id=acme.organization.pk).delete()
    assert verify(organization_id=acme.organization.pk) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE organizations_auditevent SET action = 'x'",
        "DELETE FROM organizations_auditevent",
        "SET LOCAL lastmile.trail_expires = 'yes';"
        " UPDATE organizations_auditevent SET action = 'x'",
    ],
)
def test_the_database_refuses_to_edit_the_trail(acme: Company, statement: str) -> None:
    append(acme, "one")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(DatabaseError, match="append-only"):
        say_as_owner(statement)


def test_what_cannot_be_recorded_does_not_happen(acme: Company, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def refuse(self: AuditEvent, **_: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(AuditEvent, "save", refuse)
    with scope.organization(acme.organization.pk), pytest.raises(DatabaseError):
        create_key(
            organization_id=acme.organization.pk,
            name="Unheard of",
            scopes=[Scope.INGEST_USAGE],
            actor=SYSTEM,
            now=NOW,
        )
    with scope.organization(acme.organization.pk):
        assert not ApiKey.objects.filter(name="Unheard of").exists()


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


@pytest.mark.django_db(transaction=True)
def test_eight_writers_at_once_keep_one_chain_without_a_gap() -> None:
    organization_id = make_organization(name="Busy").pk

    def write(number: int) -> None:
        try:
            for turn in range(5):
                append_to(organization_id, f"act.{number}.{turn}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(write, range(8)))

    stored = AuditEvent.unscoped.filter(organization_id=organization_id).order_by("sequence")
    assert list(stored.values_list("sequence", flat=True)) == list(range(1, 41))
    assert len(set(stored.values_list("action", flat=True))) == 40
    assert verify(organization_id=organization_id) is None


# --- its time is over ---------------------------------------------------------------------------
def test_the_oldest_entries_end_and_the_rest_still_proves_itself(acme: Company) -> None:
    organization = make_organization(name="Old")
    for years in (9, 8):
        append_to(organization.pk, f"years.{years}", at=NOW - timedelta(days=365 * years))
    kept = append_to(organization.pk, "newer")

    with scope.organization(organization.pk):
        gone = forget_trail(organization_id=organization.pk, now=NOW)

    assert gone == 2
    stored = AuditEvent.unscoped.filter(organization_id=organization.pk)
    assert [event.sequence for event in stored] == [kept.sequence]
    head = AuditHead.objects.get(organization_id=organization.pk)
    assert (head.cut_sequence, head.cut_hash) == (2, kept.previous_hash)
    assert verify(organization_id=organization.pk) is None
    assert append_to(organization.pk, "next").sequence == 4
    assert verify(organization_id=organization.pk) is None
    assert AuditEvent.unscoped.filter(organization_id=acme.organization.pk).exists()


def test_an_old_entry_behind_a_newer_one_stays(db: None) -> None:
    organization = make_organization(name="Clock")
    append_to(organization.pk, "newer")
    append_to(organization.pk, "older", at=NOW - timedelta(days=3650))
    assert expire(organization_id=organization.pk, before=NOW - timedelta(days=3000)) == 0
    assert verify(organization_id=organization.pk) is None


def test_a_whole_chain_may_end_and_goes_on(db: None) -> None:
    organization = make_organization(name="All")
    append_to(organization.pk, "old", at=NOW - timedelta(days=3650))
    assert expire(organization_id=organization.pk, before=NOW - timedelta(days=3000)) == 1
    assert verify(organization_id=organization.pk) is None
    append_to(organization.pk, "new")
    assert verify(organization_id=organization.pk) is None


def test_nobody_shortens_the_trail_below_a_year(acme: Company) -> None:
    append(acme, "one")
    with pytest.raises(DatabaseError, match="a year"), transaction.atomic():
        expire(organization_id=acme.organization.pk, before=datetime.now(UTC))
    assert verify(organization_id=acme.organization.pk) is None


def test_the_guard_is_back_after_entries_have_ended(db: None) -> None:
    organization = make_organization(name="Guard")
    append_to(organization.pk, "old", at=NOW - timedelta(days=3650))
    append_to(organization.pk, "new")
    expire(organization_id=organization.pk, before=NOW - timedelta(days=3000))
    with pytest.raises(DatabaseError, match="append-only"):
        say_as_owner("DELETE FROM organizations_auditevent")


# --- proofs -------------------------------------------------------------------------------------
def test_the_command_names_the_first_broken_entry_of_each_organization(
    acme: Company, twin: Company
) -> None:
    said = StringIO()
    call_command("verify_audit", stdout=said)
    assert said.getvalue().count("the chain holds") == 2

    tamper(
        "UPDATE organizations_auditevent SET object_id = 'x'"
        " WHERE organization_id = %s AND sequence >= 3",
        acme.organization.pk,
    )
    with pytest.raises(CommandError) as refusal:
        call_command("verify_audit", stdout=StringIO())
    assert str(refusal.value) == f"{acme.organization.slug}: entry 3 was altered or is missing."
    call_command("verify_audit", organization=twin.organization.slug, stdout=StringIO())
    with pytest.raises(CommandError, match="no organization"):
        call_command("verify_audit", organization="nowhere", stdout=StringIO())


def test_a_night_proves_the_chain_and_puts_a_break_before_the_administrators(
    in_acme: Company,
) -> None:
    organization_id = in_acme.organization.pk
    check_chain(organization_id=organization_id, now=NOW)
    head = AuditHead.objects.get(organization_id=organization_id)
    assert (head.checked_at, head.broken_at) == (NOW, None)
    assert not QueueItem.objects.filter(kind=BROKEN.kind).exists()

    tamper(
        "UPDATE organizations_auditevent SET object_id = object_id || '!'"
        " WHERE organization_id = %s AND sequence = 2",
        organization_id,
    )
    check_chain(organization_id=organization_id, now=NOW)
    item = QueueItem.objects.get(kind=BROKEN.kind)
    assert item.role == Role.ADMINISTRATOR
    assert "Entry 2" in item.title
    assert AuditHead.objects.get(organization_id=organization_id).broken_at == 2

    tamper(
        "UPDATE organizations_auditevent SET object_id = rtrim(object_id, '!')"
        " WHERE organization_id = %s AND sequence = 2",
        organization_id,
    )
    check_chain(organization_id=organization_id, now=NOW)
    item.refresh_from_db()
    assert item.state == ItemState.DONE


def test_heads_kept_outside_find_a_tail_that_was_cut_together_with_the_head(
    in_acme: Company, settings, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    settings.AUDIT_HEADS = tmp_path / "off-site" / "heads.jsonl"
    organization_id = in_acme.organization.pk
    last = append(in_acme, "last")
    check_chain(organization_id=organization_id, now=NOW)
    [line] = settings.AUDIT_HEADS.read_text().splitlines()
    assert json.loads(line)["hash"] == last.hash

    before = AuditEvent.objects.get(sequence=last.sequence - 1)
    tamper("DELETE FROM organizations_auditevent WHERE sequence = %s", last.sequence)
    AuditHead.objects.filter(organization_id=organization_id).update(
        sequence=before.sequence, hash=before.hash
    )
    assert verify(organization_id=organization_id) is None
    assert trail_check.prove(organization_id=organization_id) == last.sequence
    check_chain(organization_id=organization_id, now=NOW)
    assert len(settings.AUDIT_HEADS.read_text().splitlines()) == 1


def test_a_head_that_was_half_written_when_the_power_went_is_passed_over(
    in_acme: Company, settings, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    settings.AUDIT_HEADS = tmp_path / "heads.jsonl"
    settings.AUDIT_HEADS.write_text('{"organization": "')
    assert trail_check.prove(organization_id=in_acme.organization.pk) is None


def test_the_hash_covers_what_an_entry_says(acme: Company) -> None:
    event = append(acme, "one")
    entry = entry_of(event)
    assert event.hash == entry_hash(previous=event.previous_hash, entry=entry)
    assert set(entry) == {
        *("sequence", "at", "organization", "actor", "action", "object", "changes", "request"),
    }


# --- words --------------------------------------------------------------------------------------
APPS = ("organizations", "portfolio", "adoption", "sprints", "lastmile", "handoffs", "attribution")
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
WRITES = re.compile(r"actions\.trail import .*\brecord\b|\btrail\.record\(|\bnote\(")
# Have the look of an action and are none: acts of two people, and parts of a backup.
OTHER = {
    *("organization.close", "people.end_many", "person.erase", "person.export"),
    *("database.dump", "manifest.json"),
}


def recorded_actions() -> set[str]:
    """Every action that code records: the texts of that form in modules that write entries."""
    found: set[str] = set()
    for app in APPS:
        for path in (django_settings.BASE_DIR / app).rglob("*.py"):
            source = path.read_text()
            if not WRITES.search(source):
                continue
            texts = {
                node.value
                for node in ast.walk(ast.parse(source))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
            found |= {text for text in texts if ACTION.fullmatch(text)}
    endings = {
        *(f"{kind}.{end}" for kind in BatchKind for end in ("imported", "refused")),
        f"{BatchKind.PEOPLE}.previewed_again",
        *(f"request.{state}" for state in RequestState),
        *(f"proposal.{state}" for state in ProposalState if state != ProposalState.OPEN),
    }
    return found - OTHER - {text for text in found if text.endswith(".csv")} | endings


def test_every_action_that_is_recorded_has_words() -> None:
    recorded = recorded_actions()
    assert {"key.rotated", "user.signed_in", "sprint.started", "installation.restored"} <= recorded
    assert recorded - set(deeds) == set()


def test_no_words_speak_of_an_action_that_nothing_records() -> None:
    assert set(deeds) - recorded_actions() == set()


def test_every_stored_entry_of_a_company_has_words(db: None) -> None:
    company = make_company(name="Worded", domain="worded.test")
    stored = AuditEvent.unscoped.filter(organization_id=company.organization.pk)
    assert {event.action for event in stored} <= set(deeds)
