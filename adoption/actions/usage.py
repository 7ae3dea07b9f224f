"""Work off a batch of usage: parse, stage, merge, mark, count; all or nothing, exactly once."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from adoption.querysets import facts, staging
from adoption.sources.catalogue import SOURCES, Source
from adoption.sources.rows import ParseContext
from organizations.actions.batches import body_of
from organizations.actions.jobs import Lease
from organizations.actions.links import link_matching
from organizations.actions.rows import Clock, Counts, Outcome, settle
from organizations.calculations.jobs import BatchState
from organizations.dirty import ask_refresh
from organizations.models import BatchChunk, ImportBatch, Organization
from organizations.sources.reading import BodyCode, Code, RowError
from portfolio.models import Initiative

EVENTS_REPLACE = (
    "external_id: single events are not added up yet; a row replaces the row of the same"
    " subject, initiative, surface and period. Send one row a day."
)


def admitted(*, source: str, content_type: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks of a body, looked at before anything is stored: some forms carry prompts.

    Raises EnvelopeError at the first block that shows a form this source does not take.
    """
    admit = SOURCES[source].admit
    for block in blocks:
        admit(content_type=content_type, head=block)
        yield block


def process_usage(*, batch: ImportBatch, lease: Lease, clock: Clock) -> None:
    """Merge one kept batch. Its effect, its counts and the end of its job are one transaction.

    Raises LeaseLost when another worker has taken over; then nothing of this run remains.
    """
    # Outside the transaction, for others to see; a step forward only: what is done stays done.
    ImportBatch.objects.filter(pk=batch.pk, state=BatchState.RECEIVED).update(
        state=BatchState.RUNNING
    )
    with transaction.atomic():
        outcome = settle(batch=batch, lease=lease, clock=clock, work=lambda: _merge(batch, clock()))
        if outcome.problem_code == BodyCode.PROMPT_TEXT_REFUSED:
            # Met in the middle of a body only: what people typed is not kept, refused or not.
            BatchChunk.objects.filter(batch=batch).delete()


def _merge(batch: ImportBatch, now: datetime) -> Outcome:
    organization = Organization.objects.get(pk=batch.organization_id)
    source = SOURCES[batch.source]
    # Batches of one source are merged one after the other: no deadlocks between their subjects.
    staging.lock_source(organization_id=organization.pk, source=batch.source)
    staging.open_stage()
    read = _stage(batch, source, organization, now)
    if staging.resolve_subjects(organization_id=organization.pk):
        link_matching(organization_id=organization.pk)
    refused = _refuse_contradictions(read, source)
    repeated = facts.drop_repeats()
    merged = facts.merge(organization_id=organization.pk, batch_id=batch.pk, now=now)
    facts.mark_dirty(organization_id=organization.pk, today=_today(organization, now))
    if merged.accepted or merged.revised:
        ask_refresh(organization_id=organization.pk, now=now)
    return Outcome(
        counts=Counts(
            lines=read.lines,
            lines_rejected=read.lines_rejected,
            lines_empty=read.lines_empty,
            accepted=merged.accepted,
            revised=merged.revised,
            duplicate=merged.confirmed + merged.older + repeated,
            rejected=read.facts_rejected + refused,
            unmatched=merged.unmatched,
        ),
        errors=sorted(read.errors, key=lambda error: error.line),
        warnings=read.warnings,
    )


class _Read:
    """What parsing found, the staged facts apart."""

    def __init__(self) -> None:
        self.lines = self.lines_rejected = self.lines_empty = self.facts_rejected = 0
        self.errors: list[RowError] = []
        self.warnings: list[str] = []


def _stage(batch: ImportBatch, source: Source, organization: Organization, now: datetime) -> _Read:
    """Parse the kept body piece by piece and stage its rows. Raises EnvelopeError."""
    initiatives = dict(Initiative.objects.values_list("key", "pk"))
    context = ParseContext(
        initiatives=frozenset(initiatives),
        default_initiative=batch.initiative or None,
        default_source=_default_source(batch),
        today=_today(organization, now),
        now=now,
        currency=organization.currency,
        as_of=batch.as_of if batch.as_of_stated else None,
        pinned_initiative=(batch.api_key.pinned_initiative or None) if batch.api_key else None,
        pinned_source=(batch.api_key.pinned_source or None) if batch.api_key else None,
    )
    read, events = _Read(), False
    pieces = source.parse(body_of(batch=batch), content_type=batch.content_type, context=context)
    for piece in pieces:
        events = events or any(row.event_id is not None for row in piece.rows)
        staging.stage(rows=piece.rows, initiatives=initiatives, as_of=batch.as_of)
        read.lines += piece.lines
        read.lines_rejected += piece.lines_rejected
        read.lines_empty += piece.lines_empty
        read.facts_rejected += piece.facts_rejected
        read.errors += piece.errors
        read.warnings += piece.warnings
    if events:
        read.warnings.append(EVENTS_REPLACE)
    return read


def _default_source(batch: ImportBatch) -> str:
    """Vendors' subjects carry the vendor's name; canonical ones the name of the key or `upload`."""
    if batch.source != "canonical":
        return batch.source
    return batch.api_key.name if batch.api_key else "upload"


def _today(organization: Organization, now: datetime) -> date:
    return now.astimezone(ZoneInfo(organization.time_zone)).date()


def _refuse_contradictions(read: _Read, source: Source) -> int:
    """Refuse every line that states a key of another line differently; returns facts refused."""
    if source.summed:
        return 0
    found = facts.drop_contradictions()
    read.lines_rejected += len(found.lines)
    read.errors += [
        RowError(
            line=line,
            field="subject",
            code=Code.CONFLICTING_ROWS,
            message=f"Line {first} states the same period otherwise; send one of the two.",
            value=None,
        )
        for line, first in found.lines
    ]
    return found.facts
