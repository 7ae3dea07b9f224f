"""The file of everything an organization has: asked for by a member, written by a worker.

The run is a row, the work is a job with a lease: a worker that dies is followed by another one,
whose file has another name, and after the last try the run has failed. Each table is read at its
own moment, line by line; nothing is held in memory.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction

from organizations.actions import jobs
from organizations.actions.files import folder_of
from organizations.actions.jobs import Lease
from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.exports import ExportState, readme
from organizations.calculations.jobs import MAX_ATTEMPTS, JobState
from organizations.dirty import ring
from organizations.errors import LastMileError, LeaseLost, NotFound
from organizations.models import ExportRun, JobRun, Organization, User
from organizations.registry import TableExport, table_exports
from ui.tables import write_rows

KIND = "export"
EVERYTHING = "everything"
TASK = "organizations.tasks.write_export"
KEPT = timedelta(days=7)
# Rows between two looks at the clock: the lease is prolonged while a long table is written.
ROWS_BETWEEN_SIGNS = 5_000

Clock = Callable[[], datetime]


class ExportRunning(LastMileError):
    code = "export_running"
    status = 429


def tables() -> list[TableExport]:
    """The tables of the file in their order."""
    return sorted(table_exports.values(), key=lambda table: (table.order, table.name))


@transaction.atomic
def ask_export(*, organization_id: int, by: User, now: datetime) -> ExportRun:
    """Have the file written. Raises ExportRunning while this user's last one is being written."""
    try:
        with transaction.atomic():
            run = ExportRun.objects.create(
                organization_id=organization_id, kind=EVERYTHING, asked_by=by, asked_at=now
            )
    except IntegrityError:
        raise ExportRunning(
            "Your last data file is still being written.",
            remedy="Wait until it is done, then ask for another one.",
        ) from None
    jobs.add_job(organization_id=organization_id, kind=KIND, period=str(run.pk), now=now)
    _record(run, "export.asked", Actor(kind="user", id=by.pk), now)
    ring(TASK, organization_id, run.pk)
    return run


def write_file(*, run: ExportRun, clock: Clock) -> bool:
    """Write the file, unless somebody else is at it. True when this call has finished it."""
    lease = jobs.claim(
        organization_id=run.organization_id, kind=KIND, period=str(run.pk), now=clock()
    )
    if lease is None:
        _bury_with_job(run, clock())
        return False
    try:
        _write(run, lease, clock)
    except LeaseLost:
        return False
    except (DatabaseError, OSError) as fault:
        jobs.give_back(lease=lease, error=type(fault).__name__, now=clock())
        if lease.attempt >= MAX_ATTEMPTS:
            _bury_with_job(run, clock())
        return False
    return True


@transaction.atomic
def fetch(*, run: ExportRun, by: User, now: datetime) -> Path:
    """Where the file lies; that it was fetched is in the trail. Raises NotFound once it is gone."""
    path = Path(settings.DATA_DIR) / run.file
    over = run.expires_at is None or run.expires_at <= now
    if run.state != ExportState.DONE or over or not path.is_file():
        raise NotFound("This data file is gone.", remedy="Ask for a new one.")
    _record(run, "export.fetched", Actor(kind="user", id=by.pk), now, lines=run.lines)
    return path


def discard(*, run: ExportRun, actor: Actor, now: datetime) -> None:
    """Delete a file before its time; the run stays as a line of history."""
    with transaction.atomic():
        done = ExportRun.objects.filter(pk=run.pk, state=ExportState.DONE)
        if done.update(state=ExportState.DELETED) != 1:
            return
        _record(run, "export.deleted", actor, now)
    (Path(settings.DATA_DIR) / run.file).unlink(missing_ok=True)


def expire_exports(*, organization_id: int, now: datetime) -> int:
    """Delete files that are older than seven days; how many. Runs each night."""
    over = ExportRun.objects.filter(
        organization_id=organization_id, state=ExportState.DONE, expires_at__lte=now
    )
    runs = list(over.order_by("pk"))
    for run in runs:
        discard(run=run, actor=SYSTEM, now=now)
    return len(runs)


def _write(run: ExportRun, lease: Lease, clock: Clock) -> None:
    organization = Organization.objects.get(pk=run.organization_id)
    folder = folder_of(public_id=organization.public_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove(folder, run)
    path = folder / f"{run.pk}-{secrets.token_urlsafe(24)}.zip"
    ExportRun.objects.filter(pk=run.pk).update(state=ExportState.RUNNING)
    try:
        lines = _fill(path, organization, lease, clock)
        _finish(run, lease, path, lines, clock())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _fill(path: Path, organization: Organization, lease: Lease, clock: Clock) -> int:
    written: list[dict[str, object]] = []
    # Made for the owner of the process alone before anything is in it.
    path.touch(mode=0o600)
    with ZipFile(path, "w", compression=ZIP_DEFLATED) as archive:
        about = readme(name=organization.name, tables=tables(), made_at=clock())
        archive.writestr("README.txt", about)
        for table in tables():
            rows = _table(archive, table, lease, clock)
            written.append({"name": table.name, "rows": rows})
            _progress(lease, written)
    return sum(int(str(step["rows"])) for step in written)


def _table(archive: ZipFile, table: TableExport, lease: Lease, clock: Clock) -> int:
    with archive.open(f"{table.name}.csv", "w", force_zip64=True) as file:
        text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        count = write_rows(text, _alive(table.rows(), lease, clock), tuple(table.columns))
        text.flush()
        text.detach()
    return count


def _alive(rows: Iterable[Sequence[Any]], lease: Lease, clock: Clock) -> Iterator[Sequence[Any]]:
    """The rows, with a sign of life before the first and now and then. Raises LeaseLost."""
    jobs.keep(lease=lease, now=clock())
    for number, row in enumerate(rows, start=1):
        if number % ROWS_BETWEEN_SIGNS == 0:
            jobs.keep(lease=lease, now=clock())
        yield row


def _progress(lease: Lease, written: list[dict[str, object]]) -> None:
    JobRun.objects.filter(pk=lease.job_id, token=lease.token).update(steps=written)


@transaction.atomic
def _finish(run: ExportRun, lease: Lease, path: Path, lines: int, now: datetime) -> None:
    jobs.finish(lease=lease, now=now)
    ExportRun.objects.filter(pk=run.pk).update(
        state=ExportState.DONE,
        file=str(path.relative_to(settings.DATA_DIR)),
        bytes=path.stat().st_size,
        lines=lines,
        finished_at=now,
        expires_at=now + KEPT,
    )
    _record(run, "export.written", SYSTEM, now, lines=lines)


@transaction.atomic
def _bury_with_job(run: ExportRun, now: datetime) -> None:
    """A run whose job is dead has failed, and its user may ask again.

    The job goes: nobody can revive it, and the run tells what happened.
    """
    dead = JobRun.objects.filter(kind=KIND, period=str(run.pk), state=JobState.DEAD)
    if not dead.delete()[0]:
        return
    ExportRun.objects.filter(pk=run.pk).update(
        state=ExportState.FAILED,
        finished_at=now,
        problem=f"It could not be written in {MAX_ATTEMPTS} tries.",
    )
    _record(run, "export.failed", SYSTEM, now)


def _remove(folder: Path, run: ExportRun) -> None:
    """What a worker that died has left of this run."""
    for left in folder.glob(f"{run.pk}-*.zip"):
        left.unlink(missing_ok=True)


def _record(run: ExportRun, action: str, actor: Actor, now: datetime, **changes: Any) -> None:
    record(
        organization_id=run.organization_id,
        actor=actor,
        action=action,
        object_kind="export",
        object_id=run.public_id,
        changes=changes,
        now=now,
    )
