"""Keep a batch before anybody is told that it arrived, then have it worked off exactly once."""

import hashlib
import logging
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.models import Q

from organizations.actions import jobs
from organizations.actions.key_watch import watch_batch
from organizations.actions.parts import PartsDiffer, check_agrees, join
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind, BatchState, JobState
from organizations.calculations.parts import Part
from organizations.dirty import ring
from organizations.errors import Conflict, LastMileError, LeaseLost, TooLarge
from organizations.models import ApiKey, BatchChunk, ImportBatch, JobRun, User
from organizations.registry import batch_work
from organizations.reports.parts import parts_of, size_of

JOB = "import"
SMALL_BYTES = 1024 * 1024
LINE_FORMATS = ("application/x-ndjson", "text/csv")
# In the options of a previewed batch: how many lines its body has, for the progress.
BODY_LINES = "body_lines"
log = logging.getLogger(__name__)


class KeyReused(LastMileError):
    """The same Idempotency-Key came with another body."""

    code = "idempotency_key_reused"


class StillRunning(Conflict):
    code = "still_running"


@dataclass(frozen=True, kw_only=True)
class NewBatch:
    """What a request says of its body. preview: show what it would do, and do nothing yet.

    options: what else the request says and reading the body needs; the same body with other options
    is another batch. part: the body is one of several that are worked off together.
    """

    organization_id: int
    kind: BatchKind
    source: str
    source_version: int
    content_type: str
    actor: Actor
    initiative: str = ""
    strict: bool = False
    idempotency_key: str | None = None
    as_of: datetime | None = None
    api_key: ApiKey | None = None
    user: User | None = None
    filename: str = ""
    preview: bool = False
    options: dict[str, str] = field(default_factory=dict)
    part: Part | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    """A kept batch; `replayed` when this request only repeats an earlier one."""

    batch: ImportBatch
    replayed: bool
    small: bool


@dataclass
class _Body:
    chunks: list[bytes] = field(default_factory=list)
    digest: str = ""
    size: int = 0
    lines: int = 0


def receive(*, new: NewBatch, blocks: Iterable[bytes], now: datetime) -> Received:
    """Read the body, store it, commit. Raises KeyReused, StillRunning, TooLarge.

    Nothing is stored when this raises. `small` bodies (at most 5,000 lines) are worked off before
    the answer by the caller; the others wake the worker.
    """
    body = _read(blocks)
    if new.content_type == "application/json" and body.size > settings.MAX_JSON_DOCUMENT_BYTES:
        raise TooLarge(
            "A JSON document may have 16 MB.", remedy="Split it by page, or send NDJSON."
        )
    earlier = _earlier(new, body)
    if earlier is not None:
        return _replay(earlier, new, body)
    try:
        batch = _store(new, body, now)
    except IntegrityError:
        # The same key arrived twice at the same moment; the other request was first.
        earlier = _earlier(new, body)
        if earlier is None:
            raise
        return _replay(earlier, new, body)
    return Received(batch=batch, replayed=False, small=_is_ready(batch, new, body))


def _is_ready(batch: ImportBatch, new: NewBatch, body: _Body) -> bool:
    """Whether the batch is worked off while its sender waits; a part only as the last to come."""
    if new.part is None:
        return _is_small(new, body)
    return _has_job(batch) and size_of(batch=batch) <= SMALL_BYTES


def _has_job(batch: ImportBatch) -> bool:
    return JobRun.objects.filter(kind=JOB, period=str(batch.number)).exists()


def _read(blocks: Iterable[bytes]) -> _Body:
    body, digest = _Body(), hashlib.sha256()
    for block in blocks:
        digest.update(block)
        body.size += len(block)
        body.lines += block.count(b"\n")
        body.chunks.append(zlib.compress(block, level=1))
    body.digest = digest.hexdigest()
    return body


def _is_small(new: NewBatch, body: _Body) -> bool:
    return _few(new.content_type, lines=body.lines, size=body.size)


def is_small(*, batch: ImportBatch) -> bool:
    """Whether a previewed batch is worked off while its sender waits."""
    lines = batch.options.get(BODY_LINES, 0)
    return _few(batch.content_type, lines=lines, size=batch.body_bytes)


def _few(content_type: str, *, lines: int, size: int) -> bool:
    if content_type in LINE_FORMATS:
        return lines <= settings.ROWS_BEFORE_ANSWER
    return size <= SMALL_BYTES


def _earlier(new: NewBatch, body: _Body) -> ImportBatch | None:
    batches = ImportBatch.objects.filter(kind=new.kind)
    if new.idempotency_key is not None:
        named = batches.filter(idempotency_key=new.idempotency_key).first()
        if named is not None or new.part is None:
            return named
    if new.part is not None:
        same_part = [
            each for each in parts_of(batch=_unsaved(new, body)) if each.part == new.part.number
        ]
        return next(iter(same_part), None)
    # A preview repeats an open preview; what had an effect is looked at anew. Anything else repeats
    # the newest batch that had an effect.
    without = {BatchState.PREVIEW, BatchState.DISCARDED, BatchState.UNDONE}
    # What names its initiative row by row may have spoken of the same facts.
    batches = batches.filter(
        Q(initiative__in=["", new.initiative]) if new.initiative else Q(), source=new.source
    )
    if new.preview:
        batches = batches.filter(state=BatchState.PREVIEW, user=new.user, api_key=new.api_key)
    else:
        batches = batches.exclude(state__in=without)
    newest = batches.order_by("-number").first()
    return newest if newest is not None and _repeats(newest, new, body) else None


def _repeats(newest: ImportBatch, new: NewBatch, body: _Body) -> bool:
    """Whether a request says nothing that the newest batch does not say."""
    if newest.kind == BatchKind.ELIGIBILITY and newest.rejected > 0:
        # Rules refused for somebody unknown may fit since the directory was mended.
        return False
    same_body = newest.sha256 == body.digest and newest.strict == new.strict
    same_time = new.as_of is None or newest.as_of == new.as_of
    same_rest = newest.initiative == new.initiative and newest.part is None
    return same_body and same_time and same_rest and new.options.items() <= newest.options.items()


def _replay(batch: ImportBatch, new: NewBatch, body: _Body) -> Received:
    named = new.idempotency_key is not None and batch.idempotency_key == new.idempotency_key
    if batch.sha256 != body.digest and not named:
        raise PartsDiffer(
            f"This part of the slice came with another body before, as batch {batch.number}.",
            field="part",
            remedy="Take a new slice_id for another pull.",
        )
    if batch.sha256 != body.digest:
        raise KeyReused(
            "This Idempotency-Key came with another body before.",
            field="Idempotency-Key",
            remedy="Send a new key for a new body.",
        )
    if new.part is not None:
        check_agrees(part=_unsaved(new, body), other=batch)
        return Received(batch=batch, replayed=True, small=False)
    if batch.state in (BatchState.RECEIVED, BatchState.RUNNING):
        raise StillRunning(
            f"Batch {batch.number} with this body is still being worked off.",
            remedy="Ask for its address until its state is done.",
        )
    return Received(batch=batch, replayed=True, small=_is_small(new, body))


def _unsaved(new: NewBatch, body: _Body) -> ImportBatch:
    """The batch as the request describes it; without number and times."""
    return ImportBatch(
        organization_id=new.organization_id,
        kind=new.kind.value,
        source=new.source,
        source_version=new.source_version,
        content_type=new.content_type,
        initiative=new.initiative,
        strict=new.strict,
        api_key=new.api_key,
        user=new.user,
        filename=new.filename[:200],
        sha256=body.digest,
        body_bytes=body.size,
        idempotency_key=new.idempotency_key,
        as_of_stated=new.as_of is not None,
        state=BatchState.PREVIEW if new.preview else BatchState.RECEIVED,
        options=new.options
        | ({BODY_LINES: body.lines} if new.preview else {})
        | (new.part.options if new.part else {}),
        slice_id=new.part.slice_id if new.part else "",
        part=new.part.number if new.part else None,
    )


@transaction.atomic
def _store(new: NewBatch, body: _Body, now: datetime) -> ImportBatch:
    batch = _unsaved(new, body)
    batch.number = next_number(organization_id=new.organization_id, name="batch")
    batch.as_of = new.as_of or now
    batch.received_at = now
    batch.save()
    BatchChunk.objects.bulk_create(
        (
            BatchChunk(organization_id=new.organization_id, batch=batch, number=number, body=chunk)
            for number, chunk in enumerate(body.chunks)
        ),
        batch_size=16,
    )
    ready = not new.preview and (new.part is None or join(batch=batch))
    if ready:
        jobs.add_job(
            organization_id=new.organization_id, kind=JOB, period=str(batch.number), now=now
        )
    record(
        organization_id=new.organization_id,
        actor=new.actor,
        action="batch.received",
        object_kind="import_batch",
        object_id=batch.number,
        changes={"kind": new.kind.value, "source": new.source, "sha256": body.digest},
        now=now,
    )
    if ready and not _is_ready(batch, new, body):
        ring("organizations.tasks.process_batch", new.organization_id, batch.pk)
    return batch


def next_number(*, organization_id: int, name: str) -> int:
    """The next number of a gapless series; holds its row until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organizations_counter (organization_id, name, value) VALUES (%s, %s, 1)"
            " ON CONFLICT (organization_id, name)"
            " DO UPDATE SET value = organizations_counter.value + 1 RETURNING value",
            [organization_id, name],
        )
        return int(cursor.fetchone()[0])


def body_of(*, batch: ImportBatch) -> Iterator[bytes]:
    """The body as it came, block by block."""
    for number in range(BatchChunk.objects.filter(batch=batch).count()):
        chunk = BatchChunk.objects.get(batch=batch, number=number)
        yield zlib.decompress(bytes(chunk.body))


def work_off(*, batch: ImportBatch, clock: Callable[[], datetime]) -> bool:
    """Work a kept batch off, unless somebody else is at it. True when it is done afterwards.

    Transient faults put it back for another try; after five it is dead and shown to the leads.
    """
    period = str(batch.number)
    lease = jobs.claim(organization_id=batch.organization_id, kind=JOB, period=period, now=clock())
    if lease is None:
        _bury_if_dead(batch, clock())
        return False
    try:
        batch_work[batch.kind].process(batch=batch, lease=lease, clock=clock)
    except jobs.Cancelled:
        jobs.drop(lease=lease, now=clock())
        return False
    except LeaseLost:
        return False
    except (DatabaseError, OSError) as fault:
        log.warning("batch put back", extra={"batch": batch.pk, "fault": type(fault).__name__})
        jobs.give_back(lease=lease, error=type(fault).__name__, now=clock())
        _bury_if_dead(batch, clock())
        if isinstance(fault, OperationalError):
            raise
        return False
    return True


@transaction.atomic
def _bury_if_dead(batch: ImportBatch, now: datetime) -> None:
    dead = JobRun.objects.filter(kind=JOB, period=str(batch.number), state=JobState.DEAD)
    if not dead.exists():
        return
    buried = ImportBatch.objects.filter(
        pk=batch.pk, state__in=[BatchState.RECEIVED, BatchState.RUNNING]
    ).update(
        state=BatchState.DEAD,
        problem="It could not be worked off after five tries; nothing of it is counted.",
        problem_code="dead",
    )
    if buried:
        watch_batch(batch=ImportBatch.objects.get(pk=batch.pk), now=now)


@transaction.atomic
def try_again(*, batch: ImportBatch, actor: Actor, now: datetime) -> bool:
    """Give a dead batch its tries back and wake the worker. False when it is not dead."""
    job = JobRun.objects.filter(kind=JOB, period=str(batch.number)).first()
    if job is None or not jobs.revive(job=job, now=now):
        return False
    ImportBatch.objects.filter(pk=batch.pk, state=BatchState.DEAD).update(
        state=BatchState.RECEIVED, problem="", problem_code=""
    )
    record(
        organization_id=batch.organization_id,
        actor=actor,
        action="batch.tried_again",
        object_kind="import_batch",
        object_id=batch.number,
        now=now,
    )
    ring("organizations.tasks.process_batch", batch.organization_id, batch.pk)
    return True
