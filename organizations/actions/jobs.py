"""Claim work, keep the lease, finish it; what a dead worker left is taken over.

The lease, not the broker, decides: claiming commits before the work starts, and the effect of the
work and its end change in one transaction that checks the token.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from organizations.calculations.jobs import MAX_ATTEMPTS, JobState
from organizations.errors import LeaseLost
from organizations.models import JobRun

_TAKEN = "Another worker has taken this job over."


class Cancelled(LeaseLost):
    """Somebody stopped this piece of work; nothing of it is written, and it is not tried again."""

    code = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to write the effect of one job."""

    job_id: int
    token: uuid.UUID
    attempt: int


def add_job(*, organization_id: int, kind: str, period: str, now: datetime) -> bool:
    """Create a waiting job once; False when it exists. (organization, kind, period) is unique."""
    _, created = JobRun.objects.get_or_create(
        organization_id=organization_id,
        kind=kind,
        period=period,
        defaults={"created_at": now},
    )
    return created


def ask_job(*, organization_id: int, kind: str, period: str, now: datetime) -> None:
    """A waiting job, whether it is new or has ended before; one that runs is left alone."""
    if not add_job(organization_id=organization_id, kind=kind, period=period, now=now):
        JobRun.objects.filter(
            organization_id=organization_id,
            kind=kind,
            period=period,
            state__in=[JobState.DONE, JobState.DEAD],
        ).update(state=JobState.WAITING, attempt=0, created_at=now, error="")


@transaction.atomic(durable=True)
def claim(*, organization_id: int, kind: str, period: str, now: datetime) -> Lease | None:
    """Take a waiting job, or one whose lease ran out. None when there is nothing to take.

    Commits before it returns. A job that was taken MAX_ATTEMPTS times without an end is dead.
    """
    free = Q(state=JobState.WAITING) | Q(state=JobState.RUNNING, lease_until__lt=now)
    mine = JobRun.objects.filter(free, organization_id=organization_id, kind=kind, period=period)
    if mine.filter(attempt__gte=MAX_ATTEMPTS).update(state=JobState.DEAD, finished_at=now):
        return None
    # Whoever is writing an effect right now holds the row: skip it instead of waiting.
    held = mine.select_for_update(skip_locked=True).values_list("pk", flat=True)
    token = uuid.uuid4()
    taken = JobRun.objects.filter(pk__in=list(held)).update(
        state=JobState.RUNNING,
        token=token,
        attempt=F("attempt") + 1,
        lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
        started_at=now,
        error="",
    )
    if taken != 1:
        return None
    job = JobRun.objects.get(token=token)
    return Lease(job_id=job.pk, token=token, attempt=job.attempt)


def keep(*, lease: Lease, now: datetime) -> None:
    """Prolong the lease between two pieces of work. Raises LeaseLost."""
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    if _only_mine(lease).update(lease_until=until) != 1:
        raise LeaseLost(_TAKEN)


def finish(*, lease: Lease, now: datetime, steps: list[dict[str, object]] | None = None) -> None:
    """End the job inside the transaction of its effect. Raises LeaseLost, which rolls it back."""
    changes: dict[str, object] = {"state": JobState.DONE, "finished_at": now, "lease_until": None}
    if steps is not None:
        changes["steps"] = steps
    if _only_mine(lease).update(**changes) != 1:
        raise LeaseLost(_TAKEN)


def drop(*, lease: Lease, now: datetime) -> None:
    """End a job without any effect, after its transaction was rolled back."""
    _only_mine(lease).update(state=JobState.DONE, finished_at=now, lease_until=None)


def end_waiting(*, kind: str, period: str, now: datetime) -> None:
    """End a job of the organization in force that nobody holds; whoever holds it ends it."""
    free = JobRun.objects.filter(kind=kind, period=period).exclude(state=JobState.DONE)
    held = free.select_for_update(skip_locked=True).values_list("pk", flat=True)
    JobRun.objects.filter(pk__in=list(held), state=JobState.WAITING).update(
        state=JobState.DONE, finished_at=now
    )


def hold(*, lease: Lease) -> None:
    """Lock the job's row for the rest of the transaction and check the token. Raises LeaseLost."""
    if not _only_mine(lease).select_for_update().exists():
        raise LeaseLost(_TAKEN)


@transaction.atomic
def give_back(*, lease: Lease, error: str, now: datetime) -> None:
    """Put a failed job back for another try, or bury it after the last one."""
    state = JobState.DEAD if lease.attempt >= MAX_ATTEMPTS else JobState.WAITING
    _only_mine(lease).update(
        state=state,
        error=error[:400],
        lease_until=None,
        finished_at=now if state == JobState.DEAD else None,
    )


@transaction.atomic
def revive(*, job: JobRun, now: datetime) -> bool:
    """Give a dead job its tries back (the button on the page)."""
    return bool(
        JobRun.objects.filter(pk=job.pk, state=JobState.DEAD).update(
            state=JobState.WAITING, attempt=0, created_at=now, error=""
        )
    )


def _only_mine(lease: Lease) -> QuerySet[JobRun]:
    return JobRun.objects.filter(pk=lease.job_id, token=lease.token, state=JobState.RUNNING)
