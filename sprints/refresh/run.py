"""The one sequence that makes figures true, by day and by night.

Every app's steps run in their registered order, each in its own transaction and each repeatable;
the day's snapshot and the end of the job are one transaction under the job's token. So a worker
that dies or comes too late leaves either nothing or what the next one would have written as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from organizations.actions import jobs
from organizations.actions.jobs import Lease
from organizations.dirty import ask_refresh
from organizations.models import DirtySpan, DirtyWeek, ImportBatch, Organization
from organizations.registry import Step, night_steps, refresh_steps
from sprints.refresh.home import write_home

IDEMPOTENCY_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class StepDone:
    """How a step went: the rows it changed and the seconds it took."""

    name: str
    rows: int
    seconds: float


def refresh_all(
    *, organization_id: int, now: datetime, lease: Lease, clock: Callable[[], datetime]
) -> list[StepDone]:
    """Run every step and write today's snapshot. Raises LeaseLost when somebody took over.

    ``now`` is the instant the figures speak of, ``clock`` tells the time that passes meanwhile.
    Marks that arrived while it ran are not forgotten: another refresh is asked for.
    """
    done = _run(refresh_steps, organization_id=organization_id, now=now, lease=lease, clock=clock)
    day = local_day(organization_id=organization_id, now=now)
    with transaction.atomic():
        jobs.hold(lease=lease)
        done.append(_snapshot(organization_id=organization_id, day=day, now=now, nightly=False))
        jobs.finish(lease=lease, now=clock(), steps=[asdict(step) for step in done])
        if _marks_remain(organization_id):
            ask_refresh(organization_id=organization_id, now=clock())
    return done


def refresh_night(
    *, organization_id: int, day: date, now: datetime, lease: Lease, clock: Callable[[], datetime]
) -> list[StepDone]:
    """The same for the night of a local day, and what only nights do. Raises LeaseLost."""
    steps = [*refresh_steps, *night_steps, *NIGHT_STEPS]
    done = _run(steps, organization_id=organization_id, now=now, lease=lease, clock=clock)
    with transaction.atomic():
        jobs.hold(lease=lease)
        done.append(_snapshot(organization_id=organization_id, day=day, now=now, nightly=True))
        jobs.finish(lease=lease, now=clock(), steps=[asdict(step) for step in done])
    return done


def local_day(*, organization_id: int, now: datetime) -> date:
    """The calendar day of the organization at an instant."""
    zone = Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id)
    return now.astimezone(ZoneInfo(zone)).date()


def expire_idempotency_keys(*, organization_id: int, now: datetime) -> int:
    """Forget keys that senders can no longer repeat; the batches stay."""
    return (
        ImportBatch.objects.for_organization(organization_id)
        .filter(idempotency_key__isnull=False, received_at__lt=now - IDEMPOTENCY_KEPT)
        .update(idempotency_key=None)
    )


NIGHT_STEPS: Final = (Step(name="idempotency", order=900, run=expire_idempotency_keys),)


def _run(
    steps: Sequence[Step],
    *,
    organization_id: int,
    now: datetime,
    lease: Lease,
    clock: Callable[[], datetime],
) -> list[StepDone]:
    done = []
    for step in steps:
        jobs.keep(lease=lease, now=clock())
        began = perf_counter()
        rows = step.run(organization_id=organization_id, now=now)
        done.append(_done(step.name, rows, began))
    return done


def _snapshot(*, organization_id: int, day: date, now: datetime, nightly: bool) -> StepDone:
    began = perf_counter()
    rows = write_home(organization_id=organization_id, day=day, now=now, nightly=nightly)
    return _done("snapshot", rows, began)


def _done(name: str, rows: int, began: float) -> StepDone:
    return StepDone(name=name, rows=rows, seconds=round(perf_counter() - began, 3))


def _marks_remain(organization_id: int) -> bool:
    return (
        DirtyWeek.objects.for_organization(organization_id).exists()
        or DirtySpan.objects.for_organization(organization_id).exists()
    )
