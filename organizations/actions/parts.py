"""Bodies that are parts of one slice: kept one by one, worked off together once all are in."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from organizations import scope
from organizations.actions.key_watch import watch_batch
from organizations.actions.rows import Counts, actor_of, close_batch
from organizations.actions.trail import record
from organizations.calculations.jobs import BatchState
from organizations.calculations.parts import PATIENCE
from organizations.errors import Conflict
from organizations.models import ImportBatch
from organizations.reports.parts import WITHOUT_EFFECT, parts_of, state_of

INCOMPLETE = "slice_incomplete"
# Options that all parts of one slice share: how many they are, and what they are all there is of.
_SHARED = ("parts", "full", "slice_from", "slice_to", "scope", "grain")
_STALE = """
SELECT organization_id, min(id) FROM organizations_importbatch
 WHERE part IS NOT NULL AND state = 'received'
 GROUP BY organization_id, kind, source, initiative, slice_id
HAVING max(received_at) < %s
"""


class PartsDiffer(Conflict):
    """A part that does not go with those that came before."""

    code = "parts_differ"


def join(*, batch: ImportBatch) -> bool:
    """Take a new part up among those that came before. True when the slice is complete with it.

    Runs in the transaction that stores the part, while no other batch of the organization can be
    stored. Raises PartsDiffer.
    """
    parts = parts_of(batch=batch)
    others = [part for part in parts if part.pk != batch.pk]
    # Held against the sweeper, which may be about to give this slice up.
    held = ImportBatch.objects.filter(pk__in=[part.pk for part in others]).order_by("pk")
    if any(part.state in WITHOUT_EFFECT for part in held.select_for_update()):
        return join(batch=batch)
    for other in others:
        check_agrees(part=batch, other=other)
    found = state_of(parts)
    if found.total is not None and max(found.numbers) > found.total:
        raise PartsDiffer(
            f"The slice has {found.total} parts, and this would be part {max(found.numbers)}.",
            field="part",
            remedy="Take a new slice_id for another pull.",
        )
    return found.complete


def check_agrees(*, part: ImportBatch, other: ImportBatch) -> None:
    """Raises PartsDiffer where two parts of one slice do not say the same of it."""
    if _said(part) != _said(other):
        raise PartsDiffer(
            f"Batch {other.number} is part {other.part} of this slice and says otherwise what the"
            " slice is.",
            field="slice_id",
            remedy="Send the same slice_from, slice_to, full, scope, grain, parts and strict, and"
            " the same key, with every part; or take a new slice_id.",
        )


def _said(batch: ImportBatch) -> tuple[Any, ...]:
    options = [batch.options.get(name) for name in _SHARED]
    return batch.strict, batch.api_key_id, batch.user_id, options


def refuse_incomplete(*, now: datetime) -> int:
    """Refuse slices of which no part has come for a day, so that nothing waits for ever.

    Returns how many slices.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STALE, [now - PATIENCE])
        found = cursor.fetchall()
    refused = 0
    for organization_id, batch_id in found:
        with scope.organization(organization_id):
            refused += _refuse(ImportBatch.objects.get(pk=batch_id), now)
    return refused


@transaction.atomic
def _refuse(batch: ImportBatch, now: datetime) -> bool:
    ids = [part.pk for part in parts_of(batch=batch)]
    list(ImportBatch.objects.filter(pk__in=ids).order_by("pk").select_for_update())
    # Read again under the lock: a part may have come in between.
    parts = parts_of(batch=batch)
    found = state_of(parts)
    if not parts or found.complete or max(part.received_at for part in parts) >= now - PATIENCE:
        return False
    for part in parts:
        close_batch(
            batch=part,
            counts=Counts(),
            now=now,
            state=BatchState.REFUSED,
            problem=f"Within 24 hours {found.lacking} of this slice did not come, so nothing of"
            " it is counted. Send all its parts again.",
            problem_code=INCOMPLETE,
        )
        record(
            organization_id=part.organization_id,
            actor=actor_of(batch=part),
            action=f"{part.kind}.refused",
            object_kind="import_batch",
            object_id=part.number,
            changes={"code": INCOMPLETE},
            now=now,
        )
    watch_batch(batch=parts[-1], now=now)
    return True
