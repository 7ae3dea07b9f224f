"""Workers that die in the middle, messages that are lost or come three times: one effect
(SECURITY 6, 7)."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection
from django.db.models import Count, Sum

from adoption.models import UsageFact, UsageFactHistory
from organizations import scope
from organizations.actions import jobs
from organizations.actions.batches import JOB
from organizations.actions.sweep import sweep_all
from organizations.calculations.jobs import BatchKind, BatchState, JobState
from organizations.errors import LeaseLost
from organizations.models import AuditEvent, ImportBatch, JobRun, Organization, RowError
from organizations.registry import batch_work
from tests.builders import make_batch, make_initiative, make_organization, make_person
from tests.faults import workers
from tests.faults.workers import barrier, until, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

FIRST = date(2026, 9, 21)
DAYS = 20
LARGE = 2000
# Where a worker is stopped: before a row is staged, and when every fact is written already.
BEFORE = "SELECT pg_advisory_lock({org}, hashtext('usage|canonical'))"
WRITTEN = "LOCK TABLE organizations_dirtyweek IN SHARE MODE"
TASK = "organizations.tasks.process_batch"


@pytest.fixture
def organization_id() -> Iterator[int]:
    """An organization with one initiative and one person whom the rows name."""
    with workers.broker() as client:
        client.flushdb()
    organization = make_organization()
    with scope.organization(organization.pk):
        make_initiative(key="copilot")
        make_person(email="p0@acme.test", external_id="p0", name="P 0")
        with connection.cursor() as cursor:
            last = FIRST + timedelta(days=DAYS)
            cursor.execute("SELECT ensure_usage_months(%s, %s)", [FIRST, last])
        yield organization.pk


def body(people: int) -> str:
    """One row per person and day, and one line that is refused."""
    rows = [
        {
            "initiative": "copilot",
            "subject": f"email:p{person}@acme.test",
            "day": (FIRST + timedelta(days=day)).isoformat(),
            "surface": "chat",
            "interactions": person + day,
        }
        for person in range(people)
        for day in range(DAYS)
    ]
    return "\n".join([*map(json.dumps, rows), '{"initiative":"copilot"}']) + "\n"


def keep_batch(people: int) -> ImportBatch:
    """A batch as the API keeps it. A large one rings for the worker; a small one does not."""
    organization = Organization.objects.get(pk=scope.current())
    return make_batch(
        body(people),
        organization=organization,
        kind=BatchKind.USAGE,
        content_type="application/x-ndjson",
        now=datetime.now(UTC),
    )


def deliver(batch: ImportBatch) -> None:
    current_app.send_task(TASK, args=[batch.organization_id, batch.pk, 1])


def sweep(after: timedelta = timedelta()) -> int:
    with scope.opened():
        return sweep_all(now=datetime.now(UTC) + after)


def state_of(batch: ImportBatch) -> str:
    return ImportBatch.objects.get(pk=batch.pk).state


def job_of(batch: ImportBatch) -> JobRun:
    return JobRun.objects.get(kind=JOB, period=str(batch.number))


def lease_is_over(batch: ImportBatch) -> bool:
    until_when = job_of(batch).lease_until
    return until_when is not None and until_when < datetime.now(UTC)


def assert_counted_once(batch: ImportBatch, *, people: int, attempt: int) -> None:
    """Each row of the body is there exactly once, and the books say so."""
    batch.refresh_from_db()
    rows = people * DAYS
    facts = UsageFact.objects.aggregate(
        rows=Count("subject_id"), people=Count("subject_id", distinct=True), sum=Sum("interactions")
    )
    total = sum(person + day for person in range(people) for day in range(DAYS))
    assert facts == {"rows": rows, "people": people, "sum": total}
    assert not UsageFact.objects.exclude(revision=1, batch_id=batch.pk).exists()
    assert not UsageFactHistory.objects.exists()
    assert (batch.state, batch.accepted, batch.rejected) == (BatchState.DONE, rows, 1)
    assert (batch.received, batch.revised, batch.duplicate) == (rows + 1, 0, 0)
    assert batch.unmatched == rows - DAYS
    assert RowError.objects.filter(batch=batch).count() == 1
    assert AuditEvent.objects.filter(action="usage.imported").count() == 1
    job = job_of(batch)
    assert (job.state, job.attempt) == (JobState.DONE, attempt)


def assert_nothing_is_written(batch: ImportBatch) -> None:
    assert not UsageFact.objects.exists()
    assert not RowError.objects.exists()
    assert not AuditEvent.objects.filter(action="usage.imported").exists()
    assert state_of(batch) == BatchState.RUNNING
    assert job_of(batch).state == JobState.RUNNING


@pytest.mark.parametrize(
    ("place", "victim"),
    [
        (WRITTEN, "worker"),
        pytest.param(WRITTEN, "pool", marks=pytest.mark.slow),
        pytest.param(BEFORE, "worker", marks=pytest.mark.slow),
        pytest.param(BEFORE, "pool", marks=pytest.mark.slow),
    ],
)
def test_a_worker_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    organization_id: int, database_url: str, tmp_path: Path, place: str, victim: str
) -> None:
    with worker(tmp_path) as first:
        with barrier(database_url, place.format(org=organization_id)) as stop:
            batch = keep_batch(LARGE)
            [session] = until(stop.waiting, seconds=40)
            if victim == "worker":
                first.kill()
            else:
                first.kill_pool()
        until(lambda: session not in workers.sessions(database_url))
        assert_nothing_is_written(batch)
        until(lambda: lease_is_over(batch))
        assert sweep() == 1
        with worker(tmp_path):
            until(lambda: state_of(batch) == BatchState.DONE, seconds=40)
    assert_counted_once(batch, people=LARGE, attempt=2)
    assert sweep(after=timedelta(hours=1)) <= 1, "Only the refresh may still be waiting."


def test_a_batch_whose_message_was_never_sent_is_found(
    organization_id: int, tmp_path: Path
) -> None:
    """As when the web process dies between the commit and its work."""
    batch = keep_batch(5)
    assert workers.messages() == (0, 0)
    assert sweep() == 0, "Whoever took it in may still be at it."
    assert sweep(after=timedelta(seconds=61)) == 1
    with worker(tmp_path):
        until(lambda: state_of(batch) == BatchState.DONE)
    assert_counted_once(batch, people=5, attempt=1)


def test_a_broker_that_forgot_everything_costs_no_row(organization_id: int, tmp_path: Path) -> None:
    batch = keep_batch(300)
    assert workers.messages() == (1, 0)
    with workers.broker() as client:
        client.flushdb()
    assert sweep(after=timedelta(seconds=61)) == 1
    with worker(tmp_path):
        until(lambda: state_of(batch) == BatchState.DONE)
    assert_counted_once(batch, people=300, attempt=1)


def test_one_message_delivered_three_times_at_once_has_one_effect(
    organization_id: int, database_url: str, tmp_path: Path
) -> None:
    batch = keep_batch(20)
    with barrier(database_url, BEFORE.format(org=organization_id)) as stop:
        for _ in range(3):
            deliver(batch)
        with worker(tmp_path, processes=3, lease_seconds=60):
            until(stop.waiting)
            until(lambda: workers.messages() == (0, 1))
            stop.let_go()
            until(lambda: state_of(batch) == BatchState.DONE)
            deliver(batch)
            # The fourth is answered for as well, long after the end.
            until(lambda: workers.messages()[1] == 0 and not _bells_for(batch))
    assert_counted_once(batch, people=20, attempt=1)


def _bells_for(batch: ImportBatch) -> int:
    with workers.broker() as client:
        return int(client.llen("ingest"))


def test_a_worker_that_comes_late_cannot_commit(
    organization_id: int, database_url: str, tmp_path: Path
) -> None:
    """It has claimed the batch and stands still; another one takes over; then it wakes up."""
    batch = keep_batch(20)
    row = f"SELECT 1 FROM organizations_importbatch WHERE id = {batch.pk} FOR UPDATE"
    with barrier(database_url, row) as stop, worker(tmp_path):
        deliver(batch)
        until(stop.waiting)
        lease = jobs.claim(
            organization_id=organization_id,
            kind=JOB,
            period=str(batch.number),
            now=datetime.now(UTC) + timedelta(minutes=5),
        )
        assert lease is not None
        stop.let_go()
        until(lambda: workers.messages() == (0, 0))
        assert_nothing_is_written(batch)
        batch_work[BatchKind.USAGE].process(
            batch=batch, lease=lease, clock=lambda: datetime.now(UTC)
        )
    assert_counted_once(batch, people=20, attempt=2)


def test_a_lease_that_was_taken_over_writes_nothing_and_reopens_nothing(
    organization_id: int,
) -> None:
    batch, now = keep_batch(20), datetime.now(UTC)
    arguments = {"organization_id": organization_id, "kind": JOB, "period": str(batch.number)}
    late = jobs.claim(**arguments, now=now)  # type: ignore[arg-type]
    second = jobs.claim(**arguments, now=now + timedelta(minutes=5))  # type: ignore[arg-type]
    assert late is not None
    assert second is not None
    work = batch_work[BatchKind.USAGE]
    work.process(batch=batch, lease=second, clock=lambda: now)
    with pytest.raises(LeaseLost):
        work.process(batch=batch, lease=late, clock=lambda: now)
    assert_counted_once(batch, people=20, attempt=2)
