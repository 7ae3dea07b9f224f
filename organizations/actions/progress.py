"""How far a batch has been read, and stopping it: both reach past the merging transaction."""

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction

from organizations.actions.batches import JOB, body_of
from organizations.actions.jobs import Cancelled, end_waiting
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchState
from organizations.errors import Conflict
from organizations.models import ImportBatch
from organizations.reports.progress import OPEN, READ

CANCELLED = "cancelled"
# A body of one block is read before anybody could look.
SHORT_BYTES = 1024 * 1024
_TELL = """
UPDATE organizations_importbatch
   SET options = options || jsonb_build_object(
           %(read)s::text, jsonb_build_array(%(done)s::bigint, %(lines)s::bigint))
 WHERE id = %(batch)s AND state IN ('received', 'running')
"""
log = logging.getLogger(__name__)


class CannotCancel(Conflict):
    """There is nothing left to stop."""

    code = "cannot_cancel"


def watched_body(*, batch: ImportBatch) -> Iterator[bytes]:
    """The body of a batch that is worked off; how far a long one is read is told block by block.

    Raises Cancelled as soon as somebody has stopped it.
    """
    if batch.body_bytes <= SHORT_BYTES:
        yield from body_of(batch=batch)
        return
    done = lines = 0
    with closing(connections[DEFAULT_DB_ALIAS].copy()) as beside:
        for block in body_of(batch=batch):
            if not ImportBatch.objects.filter(pk=batch.pk, state__in=OPEN).exists():
                raise Cancelled("The batch was cancelled while it was read.")
            yield block
            done += len(block)
            lines += block.count(b"\n")
            _tell(beside, batch, done, lines)


def _tell(beside: Any, batch: ImportBatch, done: int, lines: int) -> None:
    """Write it through a connection of its own, which commits at once. Nothing depends on it."""
    try:
        with beside.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")
            cursor.execute(_TELL, {"batch": batch.pk, "read": READ, "done": done, "lines": lines})
    except DatabaseError as fault:
        log.warning("progress not told", extra={"batch": batch.pk, "fault": type(fault).__name__})


@transaction.atomic
def cancel(*, batch: ImportBatch, actor: Actor, now: datetime) -> None:
    """Stop a batch that waits or is worked off: nothing of it remains. Raises CannotCancel.

    The worker holds its job, not the batch: it meets the new state at its next block, or before it
    would close the batch, and takes everything back.
    """
    if batch.part is not None:
        raise CannotCancel(
            "It is a part of a slice, and its parts go together.",
            remedy="A slice whose parts do not all come is refused by itself after a day.",
        )
    stopped = ImportBatch.objects.filter(pk=batch.pk, state__in=OPEN).update(
        state=BatchState.REFUSED,
        finished_at=now,
        problem="Somebody cancelled it before it was done; nothing of it is stored.",
        problem_code=CANCELLED,
    )
    if not stopped:
        raise CannotCancel(
            "The batch is not being worked off any more.", remedy="See what became of it."
        )
    end_waiting(kind=JOB, period=str(batch.number), now=now)
    record(
        organization_id=batch.organization_id,
        actor=actor,
        action="batch.cancelled",
        object_kind="import_batch",
        object_id=batch.number,
        now=now,
    )
