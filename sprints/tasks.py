"""Doors of the worker. Arguments are ids and a payload version; an unknown version leaves the job
to a newer worker."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from celery import shared_task
from django.db import DatabaseError, transaction

from organizations import scope
from organizations.actions import jobs
from organizations.actions.jobs import Lease
from organizations.actions.sweep import NIGHT
from organizations.calculations.jobs import JobState, nights_due
from organizations.dirty import REFRESH, ring
from organizations.errors import LeaseLost
from organizations.models import JobRun, Organization
from sprints.refresh.run import refresh_all, refresh_night

PAYLOAD_VERSION = 1
NOW = "now"
log = logging.getLogger(__name__)


def _clock() -> datetime:
    return datetime.now(UTC)


@shared_task
def refresh(organization_id: int, version: int = 1, *rest: Any) -> None:
    """Bring the organization's figures up to date, unless somebody else is at it."""
    if version != PAYLOAD_VERSION:
        return
    with scope.opened(), scope.organization(organization_id):
        lease = jobs.claim(organization_id=organization_id, kind=REFRESH, period=NOW, now=_clock())
        if lease is not None:
            _work(
                lease,
                lambda: refresh_all(
                    organization_id=organization_id, now=_clock(), lease=lease, clock=_clock
                ),
            )


@shared_task
def nights(organization_id: int, version: int = 1, *rest: Any) -> None:
    """Run the nights that are due, oldest first; one that fails keeps the later ones waiting."""
    if version != PAYLOAD_VERSION:
        return
    with scope.opened(), scope.organization(organization_id):
        while (period := _oldest_night(organization_id)) is not None:
            if not _run_night(organization_id, period):
                return


@shared_task
def ensure_due(*rest: Any) -> None:
    """Write down the nights that are due in every organization, and ring for those that wait."""
    now = _clock()
    with scope.opened():
        for organization in Organization.objects.filter(active=True).order_by("pk"):
            with scope.organization(organization.pk):
                _write_down_nights(organization, now)


def _write_down_nights(organization: Organization, now: datetime) -> None:
    jobs_of_nights = JobRun.objects.filter(kind=NIGHT)
    last = jobs_of_nights.filter(state=JobState.DONE).order_by("-period").first()
    due = nights_due(
        now=now,
        time_zone=organization.time_zone,
        last_done=None if last is None else date.fromisoformat(last.period),
    )
    with transaction.atomic():
        for day in due:
            jobs.add_job(
                organization_id=organization.pk, kind=NIGHT, period=day.isoformat(), now=now
            )
        if jobs_of_nights.filter(state=JobState.WAITING).exists():
            ring("sprints.tasks.nights", organization.pk)


def _oldest_night(organization_id: int) -> str | None:
    """The oldest night without an end; while a worker is at it, its successors wait."""
    open_nights = JobRun.objects.filter(
        kind=NIGHT, state__in=[JobState.WAITING, JobState.RUNNING]
    ).order_by("period")
    return open_nights.values_list("period", flat=True).first()


def _run_night(organization_id: int, period: str) -> bool:
    """True when this night has ended, one way or the other."""
    lease = jobs.claim(organization_id=organization_id, kind=NIGHT, period=period, now=_clock())
    if lease is None:
        return JobRun.objects.filter(kind=NIGHT, period=period, state=JobState.DEAD).exists()
    return _work(
        lease,
        lambda: refresh_night(
            organization_id=organization_id,
            day=date.fromisoformat(period),
            now=_clock(),
            lease=lease,
            clock=_clock,
        ),
    )


def _work(lease: Lease, run: Callable[[], Any]) -> bool:
    """Transient faults put the job back; the sweeper rings again. True when it is done."""
    try:
        run()
    except LeaseLost:
        return False
    except (DatabaseError, OSError) as fault:
        log.warning("job put back", extra={"job": lease.job_id, "fault": type(fault).__name__})
        jobs.give_back(lease=lease, error=type(fault).__name__, now=_clock())
        return False
    return True
