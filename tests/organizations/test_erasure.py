"""Erasing a person: nothing is left, nothing published changes, nothing comes back (R7)."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import serializers
from django.db import connection

from adoption.models import GroupWeek, KeptGroupWeek, PersonWeek, UsageFact, WeekMask
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.actions.erasure import LastAdministrator, erase_person, replay, suppressed_of
from organizations.actions.journal import read_journal, write_journal
from organizations.actions.queue import Ask, ask
from organizations.calculations.actor import SYSTEM
from organizations.calculations.choices import ItemState
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Role
from organizations.models import (
    AuditEvent,
    BatchChunk,
    Erasure,
    ImportBatch,
    Membership,
    Organization,
    Person,
    PersonAlias,
    QueueItem,
    Subject,
    SuppressedIdentity,
    User,
)
from portfolio.calculations.stages import Rule
from portfolio.models import Initiative
from portfolio.refresh import rebuild_access
from tests.builders import NOW, imported, make_batch, make_person, make_rule
from tests.cast import Company

CANARY = "canary.bird@acme.test"
NAME = "Canary Bird"
MONDAY = date(2026, 10, 5)


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "erasures.jsonl"
    monkeypatch.setattr(settings, "ERASURE_JOURNAL", path)
    return path


def usage(company: Company, *subjects: str, weeks: Iterable[int] = (-3, -2, -1)) -> ImportBatch:
    """One use a week of each of these subjects, in one batch."""
    rows = [
        {
            "initiative": "copilot",
            "subject": subject,
            "day": str(MONDAY + timedelta(weeks=week)),
            "surface": "chat",
            "interactions": 4,
        }
        for subject in subjects
        for week in weeks
    ]
    batch = make_batch(
        "\n".join(json.dumps(row) for row in rows),
        organization=company.organization,
        kind=BatchKind.USAGE,
        content_type="application/x-ndjson",
    )
    return imported(batch)


def people_file(company: Company, *rows: str) -> ImportBatch:
    body = "external_id,name,email\n" + "\n".join(rows)
    batch = make_batch(body, organization=company.organization, kind=BatchKind.PEOPLE)
    return imported(batch)


@pytest.fixture
def canary(in_acme: Company) -> Person:
    """Somebody of the warehouse with use under two names, among ten others, all counted."""
    made = make_person(
        email=CANARY,
        name=NAME,
        external_id="E-7719",
        department="Operations / Warehouse",
        job_role="Picker",
        aliases=["login:canary-login"],
        user=in_acme.users[Role.MEMBER],
    )
    others = [
        make_person(email=f"p{n}@acme.test", department="Operations / Warehouse") for n in range(9)
    ]
    make_rule(initiative=in_acme.initiative, rule=Rule.ALL)
    ids = [made.pk, in_acme.person.pk, *(other.pk for other in others)]
    rebuild_access(organization_id=in_acme.organization.pk, person_ids=ids)
    usage(
        in_acme, f"email:{CANARY}", "login:canary-login", *(f"email:p{n}@acme.test" for n in (1, 2))
    )
    refresh_adoption(organization_id=in_acme.organization.pk, now=NOW)
    return made


def erase(person: Person) -> dict[str, int]:
    return erase_person(person=person, actor=SYSTEM, now=NOW)


def published() -> list[dict[str, Any]]:
    return list(
        GroupWeek.objects.order_by("week", "dimension", "group_id", "initiative_id").values()
    )


def text_of_the_database() -> str:
    """Every row of every table as text, compressed bodies unpacked by the server's own cast."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        parts = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")  # quoted by the server
            parts += [row for (row,) in cursor.fetchall()]
    return "\n".join(parts)


def test_nothing_of_the_person_is_left_in_the_database(in_acme: Company, canary: Person) -> None:
    people_file(in_acme, f"E-7719,{NAME},{CANARY}")
    assert CANARY in text_of_the_database()
    erase(canary)
    left = text_of_the_database().casefold()
    for word in (CANARY, NAME.casefold(), "e-7719", "canary-login"):
        assert word not in left
    assert not BatchChunk.objects.exists()
    assert not PersonWeek.objects.filter(person_id=canary.pk).exists()
    assert not WeekMask.objects.filter(person_id=canary.pk).exists()


def test_batches_keep_digest_and_counts_and_those_without_the_person_their_bodies(
    in_acme: Company, canary: Person
) -> None:
    named = ImportBatch.objects.get(kind=BatchKind.USAGE)
    other = usage(in_acme, "email:p3@acme.test")
    erase(canary)
    named.refresh_from_db()
    assert (named.accepted, named.sha256 != "") == (12, True)
    assert not BatchChunk.objects.filter(batch=named).exists()
    assert BatchChunk.objects.filter(batch=other).exists()


def test_a_name_inside_a_longer_one_is_somebody_else(in_acme: Company, canary: Person) -> None:
    other = usage(in_acme, f"email:not.{CANARY}")
    erase(canary)
    assert BatchChunk.objects.filter(batch=other).exists()


def test_published_figures_stay_through_every_later_count(in_acme: Company, canary: Person) -> None:
    before = published()
    assert any(row["active"] == 3 for row in before)
    erase(canary)
    assert published() == before
    refresh_adoption(organization_id=in_acme.organization.pk, now=NOW, full=True)
    assert published() == before


def test_late_rows_of_others_still_count_after_an_erasure(in_acme: Company, canary: Person) -> None:
    erase(canary)
    usage(in_acme, "email:p4@acme.test")
    refresh_adoption(organization_id=in_acme.organization.pk, now=NOW)
    week = MONDAY - timedelta(weeks=1)
    everybody = GroupWeek.objects.get(
        week=week, dimension="all", initiative_id=in_acme.initiative.pk
    )
    assert (everybody.active, everybody.eligible) == (4, 11)
    by_difference = published()
    refresh_adoption(organization_id=in_acme.organization.pk, now=NOW, full=True)
    assert published() == by_difference


def test_weeks_after_the_erasure_count_without_the_person(in_acme: Company, canary: Person) -> None:
    erase(canary)
    later = NOW + timedelta(weeks=2)
    usage(in_acme, "email:p1@acme.test", weeks=(0, 1))
    refresh_adoption(organization_id=in_acme.organization.pk, now=later)
    new = GroupWeek.objects.filter(dimension="all", initiative_id=0).latest("week")
    assert new.week > MONDAY
    assert new.eligible == 10


def test_what_is_kept_for_published_figures_names_nobody(canary: Person) -> None:
    erase(canary)
    assert KeptGroupWeek.objects.exists()
    assert str(canary.public_id) not in serializers.serialize("json", KeptGroupWeek.objects.all())
    fields = {field.name for field in KeptGroupWeek._meta.get_fields()}
    assert not {name for name in fields if "person" in name or "subject" in name}


def test_work_points_at_a_tombstone(in_acme: Company, canary: Person) -> None:
    Initiative.objects.update(owner=canary)
    erase(canary)
    owner = Initiative.objects.get().owner
    assert owner is not None
    assert (owner.pk, owner.name, owner.erased_at) == (canary.pk, "Erased person", NOW)
    assert not PersonAlias.objects.filter(person=canary).exists()


def test_the_next_people_file_does_not_bring_the_person_back(
    in_acme: Company, canary: Person
) -> None:
    erase(canary)
    people = Person.objects.count()
    batch = people_file(in_acme, f"E-7719,{NAME},{CANARY}", "E-1,Ann Other,ann@acme.test")
    assert (batch.accepted, batch.rejected) == (1, 1)
    assert Person.objects.count() == people + 1
    assert CANARY not in text_of_the_database()


@pytest.mark.parametrize(
    "subject", [f"email:{CANARY}", f"upn:{CANARY.upper()}", "login:canary-login"]
)
def test_later_usage_of_the_person_is_refused_and_not_echoed(
    in_acme: Company, canary: Person, subject: str
) -> None:
    erase(canary)
    facts, subjects = UsageFact.objects.count(), Subject.objects.count()
    batch = usage(in_acme, subject, "email:p1@acme.test", weeks=(-1,))
    assert (batch.duplicate, batch.rejected, batch.lines_rejected) == (1, 1, 1)
    [error] = batch.row_errors.all()
    assert (error.code, error.value) == ("erased", "")
    assert (UsageFact.objects.count(), Subject.objects.count()) == (facts, subjects)


def test_a_vendors_own_id_is_known_again_in_that_vendor_only(
    in_acme: Company, canary: Person
) -> None:
    usage(in_acme, "uid:99")
    subject = Subject.objects.get(external_id="99")
    subject.links.create(
        organization=in_acme.organization, person=canary, span="[2026-01-01,)", how="hand"
    )
    erase(canary)
    assert usage(in_acme, "uid:99").rejected == 3
    assert suppressed_of(names=[("uid", "99")]) == set()


def test_nobody_erased_means_nothing_is_suppressed(in_acme: Company) -> None:
    assert suppressed_of(names=[("email", CANARY)]) == set()


def test_an_erasure_in_acme_suppresses_nothing_in_the_twin(canary: Person, twin: Company) -> None:
    erase(canary)
    assert suppressed_of(names=[("email", CANARY)]) == {("email", CANARY)}
    with scope.organization(twin.organization.pk):
        SuppressedIdentity.objects.create(identity="0" * 64, since=NOW)
        assert suppressed_of(names=[("email", CANARY)]) == set()


def test_a_login_without_another_organization_becomes_nobodys(
    in_acme: Company, canary: Person
) -> None:
    user = in_acme.users[Role.MEMBER]
    erase(canary)
    user.refresh_from_db()
    assert (user.name, user.is_active, user.has_usable_password()) == (
        "Erased person",
        False,
        False,
    )
    assert user.email.endswith("@erased.invalid")
    assert not Membership.objects.filter(user=user).exists()


def test_a_login_of_another_organization_keeps_itself_and_loses_this_one(
    in_acme: Company, canary: Person, twin: Company
) -> None:
    user = in_acme.users[Role.MEMBER]
    with scope.organization(twin.organization.pk):
        Membership.objects.create(user=user, role=Role.MEMBER.value)
    erase(canary)
    user.refresh_from_db()
    assert (user.email, user.is_active) == ("member@acme.test", True)
    assert not Membership.objects.filter(user=user).exists()
    assert Membership.unscoped.filter(user=user).count() == 1


def test_what_waited_for_the_person_waits_for_the_administrators(
    in_acme: Company, canary: Person
) -> None:
    waiting = Ask(
        kind="approval",
        object_kind="thing",
        object_id=1,
        title="Decide",
        url="/",
        owner=in_acme.users[Role.MEMBER],
    )
    ask(organization_id=in_acme.organization.pk, asked=waiting, now=NOW)
    erase(canary)
    [item] = QueueItem.objects.filter(state=ItemState.OPEN.value)
    assert (item.owner, item.role, item.title) == (None, "administrator", "Decide")


def test_the_last_administrator_is_not_erased(in_acme: Company) -> None:
    person = make_person(email="boss@acme.test", user=in_acme.users[Role.ADMINISTRATOR])
    with pytest.raises(LastAdministrator):
        erase(person)
    person.refresh_from_db()
    assert person.erased_at is None


def test_twice_is_once(canary: Person) -> None:
    erase(canary)
    assert erase(canary) == {}
    assert Erasure.objects.count() == 1


def test_the_trail_tells_what_was_erased_by_counts(canary: Person) -> None:
    erase(canary)
    entry = AuditEvent.objects.filter(action="person.erased").get()
    assert entry.changes["usage"] == 6
    assert CANARY not in json.dumps(entry.changes)


def test_the_twin_keeps_its_person_of_the_same_address(canary: Person, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        theirs = make_person(email=CANARY, name="Theirs")
    erase(canary)
    with scope.organization(twin.organization.pk):
        theirs.refresh_from_db()
        assert (theirs.name, theirs.email) == ("Theirs", CANARY)


# --- the journal ------------------------------------------------------------------------------
def test_the_journal_has_a_line_per_erasure_and_each_once(canary: Person, journal: Path) -> None:
    erase(canary)
    organization = canary.organization_id
    assert write_journal(organization_id=organization, path=journal) == 1
    assert write_journal(organization_id=organization, path=journal) == 0
    [entry] = read_journal(path=journal)
    assert entry.person == str(canary.public_id)
    assert CANARY not in journal.read_text()


def test_a_line_that_was_cut_by_a_crash_is_written_again(canary: Person, journal: Path) -> None:
    erase(canary)
    write_journal(organization_id=canary.organization_id, path=journal)
    journal.write_text(journal.read_text()[:-20])
    assert read_journal(path=journal) == []
    assert write_journal(organization_id=canary.organization_id, path=journal) == 1
    assert [entry.person for entry in read_journal(path=journal)] == [str(canary.public_id)]


def test_a_replay_erases_again_and_once(in_acme: Company, canary: Person, journal: Path) -> None:
    """As after a restore: the person is back, the journal is younger."""
    erase(canary)
    write_journal(organization_id=in_acme.organization.pk, path=journal)
    Erasure.objects.all().delete()
    SuppressedIdentity.objects.all().delete()
    Person.objects.filter(pk=canary.pk).update(erased_at=None, name=NAME, email=CANARY)
    usage(in_acme, f"email:{CANARY}")
    entries = read_journal(path=journal)
    assert replay(entries=entries, now=NOW + timedelta(days=1)) == 1
    assert CANARY not in text_of_the_database()
    assert replay(entries=entries, now=NOW + timedelta(days=1)) == 0


def test_a_replay_forgets_usage_of_somebody_whom_the_backup_did_not_know(
    in_acme: Company, canary: Person, journal: Path
) -> None:
    erase(canary)
    write_journal(organization_id=in_acme.organization.pk, path=journal)
    Erasure.objects.all().delete()
    SuppressedIdentity.objects.all().delete()
    Person.objects.filter(pk=canary.pk).delete()
    usage(in_acme, f"email:{CANARY}")
    assert replay(entries=read_journal(path=journal), now=NOW) == 1
    assert not Subject.objects.filter(external_id=CANARY).exists()
    assert CANARY not in text_of_the_database()


def test_a_journal_of_another_installation_changes_nothing(canary: Person, journal: Path) -> None:
    erase(canary)
    write_journal(organization_id=canary.organization_id, path=journal)
    [entry] = read_journal(path=journal)
    Organization.objects.filter(pk=canary.organization_id).update(
        public_id="00000000-0000-4000-8000-000000000002"
    )
    assert replay(entries=[entry], now=datetime.fromisoformat(entry.erased_at)) == 0


def test_the_login_can_no_longer_sign_in(in_acme: Company, canary: Person) -> None:
    client = in_acme.client(Role.MEMBER)
    assert client.get("/me/").status_code == 200
    erase(canary)
    assert client.get("/me/").status_code == 302
    assert not User.objects.filter(email="member@acme.test").exists()
