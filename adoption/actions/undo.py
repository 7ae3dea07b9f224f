"""Take a usage import back, as long as nothing newer stands on it."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from adoption.models import HISTORY_KEPT, FullSlice
from adoption.querysets import events, staging, undoing
from adoption.querysets.undoing import Traces
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.dirty import ask_refresh
from organizations.errors import Conflict
from organizations.models import ImportBatch, Organization
from organizations.reports.parts import leader_of, parts_of

REPLACE = "Send the right rows instead: a later statement replaces an earlier one."


class CannotUndo(Conflict):
    """Something newer stands on what the import did."""

    code = "cannot_undo"


@transaction.atomic
def undo_batch(*, batch: ImportBatch, actor: Actor, now: datetime) -> int:
    """Bring the facts back to where they were before the batch, or before all parts of its slice.

    What it accepted is removed, what it replaced or withdrew says again what it said before, events
    it added may come again. What it merely confirmed stays confirmed, and so do the subjects it
    named. Returns how many facts changed. Raises CannotUndo.
    """
    staging.lock_source(organization_id=batch.organization_id, source=batch.source)
    parts = _applied(batch)
    traces = _traces(parts)
    _nothing_newer(parts, traces, now)
    if undoing.look_up(traces=traces):
        raise CannotUndo(
            "What it replaced is no longer kept, so it cannot be put back.", remedy=REPLACE
        )
    FullSlice.objects.filter(batch_id=traces.batch_id).delete()
    forgotten = events.forget_batch(organization_id=batch.organization_id, batch_id=traces.batch_id)
    undone = undoing.take_back(traces=traces, today=_today(batch, now))
    ImportBatch.objects.filter(pk__in=[part.pk for part in parts]).update(state=BatchState.UNDONE)
    sums = {"removed": undone.removed, "restored": undone.restored, "events": forgotten}
    record(
        organization_id=batch.organization_id,
        actor=actor,
        action="usage.undone",
        object_kind="import_batch",
        object_id=batch.number,
        changes={name: number for name, number in sums.items() if number}
        | ({"parts": len(parts)} if parts[1:] else {}),
        now=now,
    )
    if undone.removed or undone.restored:
        ask_refresh(organization_id=batch.organization_id, now=now)
    batch.refresh_from_db()
    return undone.removed + undone.restored


def _applied(batch: ImportBatch) -> list[ImportBatch]:
    """The batch, or the parts of its slice, as they stand now."""
    ids = [part.pk for part in parts_of(batch=batch)]
    held = list(ImportBatch.objects.filter(pk__in=ids).order_by("pk").select_for_update())
    usage = batch.kind == BatchKind.USAGE
    if not held or not usage or any(part.state != BatchState.DONE for part in held):
        raise CannotUndo("Only an import of usage that is done can be taken back.")
    return held


def _traces(parts: Sequence[ImportBatch]) -> Traces:
    leader = leader_of(batch=parts[0])
    if leader.first_day is None or leader.last_day is None:
        raise CannotUndo("It stored nothing that could be taken back.")
    return Traces(
        organization_id=leader.organization_id,
        batch_id=leader.pk,
        first_day=leader.first_day,
        last_day=leader.last_day,
    )


def _nothing_newer(parts: Sequence[ImportBatch], traces: Traces, now: datetime) -> None:
    """Refuse where a later batch was judged by what this one had stated, or may have been."""
    later = _later(parts, traces)
    if later is not None:
        raise CannotUndo(
            f"Batch {later.number} came later and speaks of the same days.",
            remedy=f"Take batch {later.number} back first. {REPLACE}",
        )
    overtaken = undoing.overtaken(traces=traces)
    if overtaken:
        raise CannotUndo(
            f"{overtaken} of its facts have been confirmed or corrected since.", remedy=REPLACE
        )
    finished = [part.finished_at for part in parts if part.finished_at is not None]
    if min(finished) < now - HISTORY_KEPT:
        raise CannotUndo(
            f"An import can be taken back for {HISTORY_KEPT.days} days.", remedy=REPLACE
        )


def _later(parts: Sequence[ImportBatch], traces: Traces) -> ImportBatch | None:
    """The newest batch merged after it that speaks of a day of it and maybe of the same facts."""
    named = parts[0].initiative
    end = max(part.finished_at for part in parts if part.finished_at is not None)
    found = ImportBatch.objects.filter(
        Q(initiative__in=["", named]) if named else Q(),
        Q(finished_at__gt=end) | Q(finished_at=end, number__gt=max(part.number for part in parts)),
        kind=BatchKind.USAGE,
        source=parts[0].source,
        state=BatchState.DONE,
        first_day__lte=traces.last_day,
        last_day__gte=traces.first_day,
    )
    return found.order_by("-finished_at", "-number").first()


def _today(batch: ImportBatch, now: datetime) -> date:
    organization = Organization.objects.get(pk=batch.organization_id)
    return now.astimezone(ZoneInfo(organization.time_zone)).date()
