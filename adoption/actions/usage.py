"""Work off a batch of usage: parse, stage, merge, mark, count; all or nothing, exactly once."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from adoption.actions.admission import context_of_batch
from adoption.querysets import events, facts, staging
from adoption.sources import kept
from adoption.sources.catalogue import SOURCES, Source
from adoption.sources.rows import Parsed, UsageRow
from organizations.actions.batches import body_of
from organizations.actions.erasure import suppressed_subjects
from organizations.actions.jobs import Lease
from organizations.actions.links import link_matching
from organizations.actions.rows import Clock, Counts, Outcome, settle
from organizations.calculations.jobs import BatchState
from organizations.dirty import ask_refresh
from organizations.models import BatchChunk, ImportBatch, Organization, SuppressedIdentity
from organizations.sources.reading import BodyCode, Code, RowError
from portfolio.models import Initiative

EVENTS_REPLACE = (
    "external_id: this source states days, not events; a row replaces the row of the same"
    " subject, initiative, surface and period. Send one row a day."
)


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
    erased = _refuse_erased(read)
    if staging.resolve_subjects(organization_id=organization.pk):
        link_matching(organization_id=organization.pk)
    added = None
    if source.adds:
        added = events.add_up(organization_id=organization.pk, source=source.name)
    refused = _refuse_contradictions(read, source)
    repeated = facts.drop_repeats()
    merged = facts.merge(organization_id=organization.pk, batch_id=batch.pk, now=now)
    facts.mark_dirty(organization_id=organization.pk, today=_today(organization, now))
    if merged.accepted or merged.revised:
        ask_refresh(organization_id=organization.pk, now=now)
    rejected = read.facts_rejected + refused + erased
    return Outcome(
        counts=_counts(read, merged, added, repeated=repeated, rejected=rejected),
        errors=sorted(read.errors, key=lambda error: error.line),
        warnings=read.warnings,
    )


def _counts(
    read: "_Read",
    merged: facts.Merged,
    added: events.Added | None,
    *,
    repeated: int,
    rejected: int,
) -> Counts:
    """Of a log the events are counted, of all other sources the facts."""
    return Counts(
        lines=read.lines,
        lines_rejected=read.lines_rejected,
        lines_empty=read.lines_empty,
        rejected=rejected,
        accepted=merged.accepted if added is None else added.fresh,
        revised=merged.revised if added is None else 0,
        duplicate=merged.confirmed + merged.older + repeated if added is None else added.repeated,
        unmatched=merged.unmatched if added is None else added.unmatched,
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
    context = context_of_batch(
        batch=batch, organization=organization, initiatives=initiatives, now=now
    )
    read, stated = _Read(), False
    if batch.content_type == kept.MEDIA:
        pieces = kept.read_kept(body_of(batch=batch))
    else:
        body = body_of(batch=batch)
        pieces = source.parse(body, content_type=batch.content_type, context=context)
    oldest = context.today - timedelta(days=source.remembered_days)
    for piece in pieces:
        if source.adds:
            _refuse_too_old(piece, oldest)
        else:
            stated = stated or any(row.event_id is not None for row in piece.rows)
        staging.stage(
            rows=piece.rows, initiatives=initiatives, as_of=batch.as_of, events=source.adds
        )
        read.lines += piece.lines
        read.lines_rejected += piece.lines_rejected
        read.lines_empty += piece.lines_empty
        read.facts_rejected += piece.facts_rejected
        read.errors += piece.errors
        read.warnings += piece.warnings
    if stated:
        read.warnings.append(EVENTS_REPLACE)
    return read


def _refuse_too_old(piece: Parsed[UsageRow], oldest: date) -> None:
    """An event that is no longer remembered could be counted twice: it is not counted at all."""
    refused = [row for row in piece.rows if row.period_start < oldest]
    lines = {row.line for row in refused}
    piece.errors += [
        RowError(
            line,
            "time",
            Code.TOO_OLD,
            f"Events before {oldest} are no longer told apart; send them within that time.",
        )
        for line in sorted(lines)
    ]
    piece.rows[:] = [row for row in piece.rows if row.period_start >= oldest]
    piece.lines_rejected += len(lines)
    piece.facts_rejected += len(refused)


def _today(organization: Organization, now: datetime) -> date:
    return now.astimezone(ZoneInfo(organization.time_zone)).date()


def _refuse_erased(read: _Read) -> int:
    """Refuse what is said of people who were erased; returns facts refused. The value stays out."""
    if not SuppressedIdentity.objects.exists():
        return 0
    numbers = suppressed_subjects(subjects=staging.staged_subjects())
    dropped = staging.drop_subjects(numbers=numbers) if numbers else []
    read.lines_rejected += len(dropped)
    read.errors += [
        RowError(line, "subject", Code.ERASED, "This person was erased; leave the row out.")
        for line, _ in dropped
    ]
    return sum(count for _, count in dropped)


def _refuse_contradictions(read: _Read, source: Source) -> int:
    """Refuse every line that states a key of another line differently; returns facts refused."""
    if source.summed:
        facts.sum_parts()
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
