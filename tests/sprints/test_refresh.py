"""Day and night: one effect each, whoever rings twice, dies or comes too late."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError

from adoption.models import AdoptionState
from organizations import scope
from organizations.actions import jobs
from organizations.actions.sweep import NIGHT, sweep_all
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import BatchKind, JobState
from organizations.calculations.roles import Role
from organizations.dirty import ask_refresh, mark_weeks
from organizations.errors import LeaseLost
from organizations.models import (
    DirtyWeek,
    ImportBatch,
    JobRun,
    Organization,
    Subject,
)
from organizations.registry import Step, refresh_steps
from sprints import tasks
from sprints.actions import start_sprint
from sprints.calculations.home import KIND
from sprints.models import Snapshot
from sprints.refresh.run import NIGHT_STEPS, refresh_all
from sprints.reports import sprint_home
from tests.builders import make_batch
from tests.cast import CANARY, Company

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 10, 12)


@pytest.fixture
def ran() -> Iterator[list[str]]:
    """A step of an upper app that writes down when it ran."""
    names: list[str] = []

    def run(*, organization_id: int, now: datetime) -> int:
        names.append(f"{organization_id} {now:%Y-%m-%d}")
        return 3

    step = Step(name="probe", order=99, run=run)
    refresh_steps.append(step)
    yield names
    refresh_steps.remove(step)


def ask(company: Company, now: datetime = NOW) -> None:
    ask_refresh(organization_id=company.organization.pk, now=now)


def claim(company: Company, now: datetime = NOW) -> jobs.Lease:
    lease = jobs.claim(
        organization_id=company.organization.pk, kind="refresh", period="now", now=now
    )
    assert lease is not None
    return lease


def refresh_at(company: Company, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        tasks.refresh(company.organization.pk)


def nights_at(company: Company, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        tasks.ensure_due()
        tasks.nights(company.organization.pk)


def done_nights() -> list[str]:
    nights = JobRun.objects.filter(kind=NIGHT, state=JobState.DONE)
    return list(nights.order_by("period").values_list("period", flat=True))


# --- by day -------------------------------------------------------------------------------------
def test_a_refresh_runs_every_step_then_writes_the_snapshot(in_acme: Company, ran: list) -> None:
    ask(in_acme)
    refresh_at(in_acme, NOW)
    job = JobRun.objects.get(kind="refresh")
    assert job.state == JobState.DONE
    assert [step["name"] for step in job.steps] == ["adoption", "probe", "snapshot"]
    assert job.steps[1]["rows"] == 3
    snapshot = Snapshot.objects.get(kind=KIND)
    assert (snapshot.day, snapshot.nightly, snapshot.schema) == (NOW.date(), False, 1)
    assert AdoptionState.objects.get(pk=in_acme.organization.pk).computed_at == NOW


def test_a_repeated_message_does_nothing(in_acme: Company, ran: list) -> None:
    ask(in_acme)
    refresh_at(in_acme, NOW)
    refresh_at(in_acme, NOW)
    assert len(ran) == 1


def test_an_unknown_payload_leaves_the_job_waiting(in_acme: Company, ran: list) -> None:
    ask(in_acme)
    tasks.refresh(in_acme.organization.pk, 2)
    assert JobRun.objects.get(kind="refresh").state == JobState.WAITING
    assert not ran


def test_unknown_arguments_are_tolerated(in_acme: Company, ran: list) -> None:
    ask(in_acme)
    tasks.refresh(in_acme.organization.pk, 1, "more")
    assert len(ran) == 1


def test_marks_that_arrive_meanwhile_ask_for_another_refresh(in_acme: Company) -> None:
    organization_id = in_acme.organization.pk

    def late(*, organization_id: int, now: datetime) -> int:
        mark_weeks(organization_id=organization_id, weeks=[(MONDAY, in_acme.person.pk)])
        return 1

    step = Step(name="late", order=99, run=late)
    refresh_steps.append(step)
    ask(in_acme)
    try:
        refresh_at(in_acme, NOW)
    finally:
        refresh_steps.remove(step)
    assert JobRun.objects.get(kind="refresh").state == JobState.WAITING
    refresh_at(in_acme, NOW)
    assert JobRun.objects.get(kind="refresh").state == JobState.DONE
    assert not DirtyWeek.objects.filter(organization_id=organization_id).exists()


def test_the_late_owner_of_a_lost_lease_writes_nothing(in_acme: Company, ran: list) -> None:
    ask(in_acme)
    dead = claim(in_acme)
    refresh_at(in_acme, NOW + timedelta(minutes=5))
    assert len(ran) == 1
    before = Snapshot.objects.get(kind=KIND)
    with pytest.raises(LeaseLost):
        refresh_all(organization_id=in_acme.organization.pk, now=NOW, lease=dead, clock=lambda: NOW)
    assert len(ran) == 1
    assert Snapshot.objects.get(kind=KIND).computed_at == before.computed_at


def test_a_worker_that_dies_after_the_steps_is_taken_over(in_acme: Company, ran: list) -> None:
    ask(in_acme)
    claim(in_acme)
    later = NOW + timedelta(minutes=5)
    assert sweep_all(now=later) >= 1
    refresh_at(in_acme, later)
    job = JobRun.objects.get(kind="refresh")
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    assert Snapshot.objects.filter(kind=KIND).count() == 1


def test_a_passing_fault_puts_the_job_back_with_the_reason(in_acme: Company) -> None:
    def broken(*, organization_id: int, now: datetime) -> int:
        raise OperationalError

    step = Step(name="broken", order=99, run=broken)
    refresh_steps.append(step)
    ask(in_acme)
    try:
        for _ in range(5):
            refresh_at(in_acme, NOW)
    finally:
        refresh_steps.remove(step)
    job = JobRun.objects.get(kind="refresh")
    assert (job.state, job.error, job.attempt) == (JobState.DEAD, "OperationalError", 5)
    assert not Snapshot.objects.exists()


# --- by night -----------------------------------------------------------------------------------
def test_a_night_is_due_from_two_local_time(in_acme: Company) -> None:
    Organization.objects.filter(pk=in_acme.organization.pk).update(time_zone="America/New_York")
    nights_at(in_acme, datetime(2026, 10, 21, 5, 59, tzinfo=UTC))
    nights_at(in_acme, datetime(2026, 10, 21, 6, 0, tzinfo=UTC))
    assert done_nights() == ["2026-10-20", "2026-10-21"]


def test_two_beats_and_repeated_messages_make_one_night(in_acme: Company, ran: list) -> None:
    for minutes in (0, 0, 15):
        nights_at(in_acme, NOW + timedelta(minutes=minutes))
    assert done_nights() == ["2026-10-21"]
    assert len(ran) == 1
    snapshot = Snapshot.objects.get(kind=KIND)
    assert (snapshot.day, snapshot.nightly) == (NOW.date(), True)


def test_missed_nights_are_caught_up_oldest_first(in_acme: Company, ran: list) -> None:
    nights_at(in_acme, NOW)
    nights_at(in_acme, NOW + timedelta(days=3))
    assert done_nights() == ["2026-10-21", "2026-10-22", "2026-10-23", "2026-10-24"]
    assert Snapshot.objects.filter(kind=KIND, nightly=True).count() == 4


def test_a_night_made_up_for_later_keeps_what_its_day_knew(in_acme: Company) -> None:
    nights_at(in_acme, NOW)
    missed = NOW + timedelta(days=1)
    ask(in_acme, missed)
    refresh_at(in_acme, missed)
    then = Snapshot.objects.get(day=missed.date())
    nights_at(in_acme, NOW + timedelta(days=4))
    now = Snapshot.objects.get(day=missed.date())
    assert (now.body, now.computed_at, now.nightly) == (then.body, then.computed_at, True)


def test_a_night_whose_worker_died_is_done_by_the_next(in_acme: Company, ran: list) -> None:
    with time_machine.travel(NOW, tick=False):
        tasks.ensure_due()
        jobs.claim(
            organization_id=in_acme.organization.pk, kind=NIGHT, period="2026-10-21", now=NOW
        )
        tasks.nights(in_acme.organization.pk)
    assert done_nights() == []
    nights_at(in_acme, NOW + timedelta(minutes=15))
    assert done_nights() == ["2026-10-21"]
    assert len(ran) == 1


def test_a_day_of_refreshes_after_the_night_stays_marked_nightly(in_acme: Company) -> None:
    nights_at(in_acme, NOW)
    later = NOW + timedelta(hours=3)
    ask(in_acme, later)
    refresh_at(in_acme, later)
    snapshot = Snapshot.objects.get(kind=KIND)
    assert (snapshot.nightly, snapshot.computed_at) == (True, later)


def test_an_organization_that_sleeps_has_no_nights(in_acme: Company) -> None:
    Organization.objects.filter(pk=in_acme.organization.pk).update(active=False)
    nights_at(in_acme, NOW)
    assert not JobRun.objects.filter(kind=NIGHT).exists()


def test_every_organization_gets_its_own_night(in_acme: Company, twin: Company) -> None:
    nights_at(in_acme, NOW)
    assert done_nights() == ["2026-10-21"]
    with scope.organization(twin.organization.pk):
        assert JobRun.objects.get(kind=NIGHT).state == JobState.WAITING
        assert not Snapshot.objects.exists()


def test_a_night_forgets_old_keys_of_repetition(in_acme: Company) -> None:
    batches = [
        make_batch("", organization=in_acme.organization, kind=BatchKind.PEOPLE, now=then)
        for then in (NOW - timedelta(days=8), NOW - timedelta(days=6))
    ]
    for batch in batches:
        ImportBatch.objects.filter(pk=batch.pk).update(idempotency_key=f"key-{batch.number}")
    nights_at(in_acme, NOW)
    kept = ImportBatch.objects.filter(idempotency_key__isnull=False)
    assert [batch.pk for batch in kept] == [batches[1].pk]
    steps = [step["name"] for step in JobRun.objects.get(kind=NIGHT).steps]
    assert steps[-2:] == [*(step.name for step in NIGHT_STEPS), "snapshot"]


# --- what the snapshot tells --------------------------------------------------------------------
def test_an_empty_organization_has_a_home_without_figures(in_acme: Company) -> None:
    ask(in_acme)
    refresh_at(in_acme, NOW)
    home = sprint_home(organization_id=in_acme.organization.pk, today=NOW.date())
    assert home is not None
    assert home.sprint_day is None
    assert home.body.active is None
    assert home.body.habitual is None
    assert home.body.series == ()
    assert home.body.waiting.total == 0


def test_no_home_before_the_first_snapshot(in_acme: Company) -> None:
    assert sprint_home(organization_id=in_acme.organization.pk, today=NOW.date()) is None


def test_the_home_tells_what_waits_and_how_imports_went(in_acme: Company) -> None:
    for kind, name in [("email", "x@acme.test"), ("login", "bo"), ("concealed", "3f")]:
        Subject.objects.create(
            source="canonical", kind=kind, external_id=name, first_seen=MONDAY, last_seen=MONDAY
        )
    for days, state in [(1, "done"), (2, "dead"), (3, "refused"), (9, "dead"), (9, "refused")]:
        batch = make_batch(
            f"{days}{state}",
            organization=in_acme.organization,
            kind=BatchKind.USAGE,
            now=NOW - timedelta(days=days),
        )
        ImportBatch.objects.filter(pk=batch.pk).update(
            state=state, received=5, accepted=2, revised=1, rejected=2
        )
    ask(in_acme)
    refresh_at(in_acme, NOW)
    home = sprint_home(organization_id=in_acme.organization.pk, today=NOW.date())
    assert home is not None
    health, waiting = home.body.imports, home.body.waiting
    assert (health.batches, health.failed, health.rejected, health.received) == (3, 2, 6, 15)
    assert (waiting.unmatched_subjects, waiting.failed_batches) == (2, 3)


def test_a_past_day_reads_as_it_was(in_acme: Company) -> None:
    organization_id = in_acme.organization.pk
    start_sprint(
        organization_id=organization_id,
        name="Q4 sprint",
        starts_on=date(2026, 10, 5),
        actor=SYSTEM,
        now=NOW,
    )
    nights_at(in_acme, NOW)
    nights_at(in_acme, NOW + timedelta(days=2))
    past = sprint_home(organization_id=organization_id, today=NOW.date())
    future = sprint_home(organization_id=organization_id, today=date(2026, 11, 1))
    assert past is not None
    assert future is not None
    assert past.sprint_day is not None
    assert (past.snapshot_day, past.sprint_day.day, past.is_nightly) == (NOW.date(), 17, True)
    assert future.snapshot_day == date(2026, 10, 23)


def test_a_snapshot_holds_no_name_of_a_person(in_acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        ask(twin)
    refresh_at(twin, NOW)
    snapshot = Snapshot.unscoped.get(organization=twin.organization)
    text = str(snapshot.body)
    assert CANARY not in text
    assert twin.person.email not in text
    assert str(twin.users[Role.PROGRAM_LEAD].email) not in text
