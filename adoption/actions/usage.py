"""Work off a batch of usage: parse, stage, merge, mark, count; all or nothing, exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from adoption.actions.admission import context_of_batch
from adoption.actions.slices import REFUSED_ROWS, close_slice, days_together, slice_named
from adoption.querysets import events, facts, staging
from adoption.querysets.slices import SliceOfFacts, drop_outside
from adoption.sources import kept
from adoption.sources.catalogue import SOURCES, Source
from adoption.sources.rows import ParseContext, Parsed, UsageRow
from organizations.actions.erasure import suppressed_subjects
from organizations.actions.jobs import Lease
from organizations.actions.links import link_matching
from organizations.actions.progress import watched_body
from organizations.actions.rows import Clock, Counts, Outcome, settle
from organizations.calculations.jobs import BatchState
from organizations.dirty import ask_refresh
from organizations.models import BatchChunk, ImportBatch, Organization, SuppressedIdentity
from organizations.reports.parts import parts_of
from organizations.sources.reading import BodyCode, Code, RowError
from portfolio.models import Initiative

EVENTS_REPLACE = (
    "external_id: this source states days, not events; a row replaces the row of the same"
    " subject, initiative, surface and period. Send one row a day."
)


def process_usage(*, batch: ImportBatch, lease: Lease, clock: Clock) -> None:
    """Merge one kept batch, or all parts of the slice that it completed.

    The effect, the counts and the end of the job are one transaction. Raises LeaseLost when another
    worker has taken over; then nothing of this run remains.
    """
    # Outside the transaction, for others to see; a step forward only: what is done stays done.
    ImportBatch.objects.filter(pk=batch.pk, state=BatchState.RECEIVED).update(
        state=BatchState.RUNNING
    )
    with transaction.atomic():
        others = [part for part in parts_of(batch=batch) if part.pk != batch.pk]
        outcome = settle(
            batch=batch,
            lease=lease,
            clock=clock,
            work=lambda: _merge(batch, others, clock()),
            parts=others,
        )
        if outcome.problem_code == BodyCode.PROMPT_TEXT_REFUSED:
            # Met in the middle of a body only: what people typed is not kept, refused or not.
            BatchChunk.objects.filter(batch__in=[batch, *others]).delete()


def _merge(batch: ImportBatch, others: Sequence[ImportBatch], now: datetime) -> Outcome:
    """Merge the batch and what comes with it as one body, under the number of the batch."""
    organization = Organization.objects.get(pk=batch.organization_id)
    source, today = SOURCES[batch.source], _today(organization, now)
    # Batches of one source are merged one after the other: no deadlocks between their subjects.
    staging.lock_source(organization_id=organization.pk, source=batch.source)
    staging.open_stage()
    whole = sorted([batch, *others], key=lambda each: each.part or 0)
    reads = _stage_all(whole, source, organization, now)
    _refuse_erased(reads)
    if staging.resolve_subjects(organization_id=organization.pk):
        link_matching(organization_id=organization.pk)
    added = None
    if source.adds:
        added = events.add_up(
            organization_id=organization.pk, source=source.name, batch_id=batch.pk
        )
    _refuse_outside(reads)
    _refuse_contradictions(reads, source)
    repeated = facts.drop_repeats()
    merged = facts.merge(organization_id=organization.pk, batch_id=batch.pk, now=now)
    if merged.days is not None:
        facts.mark_dirty(organization_id=organization.pk, today=today)
    withdrawn = 0
    if reads.sliced is not None and reads.whole:
        withdrawn = close_slice(
            organization_id=organization.pk,
            facts=reads.sliced,
            parts=whole,
            batch_id=batch.pk,
            now=now,
            today=today,
        )
    if merged.changed or withdrawn:
        ask_refresh(organization_id=organization.pk, now=now)
    days = days_together(rows=merged.days, facts=reads.sliced)
    outcomes = {
        each.pk: Outcome(
            counts=_counts(read, merged.parts.get(part), added, repeated=repeated.get(part, 0)),
            errors=sorted(read.errors, key=lambda error: error.line),
            warnings=read.warnings,
            days=days,
        )
        for part, (each, read) in enumerate(zip(whole, reads.bodies, strict=True))
    }
    mine = outcomes[batch.pk]
    return replace(
        mine,
        counts=replace(mine.counts, withdrawn=withdrawn),
        warnings=[*mine.warnings, *([REFUSED_ROWS] if reads.sliced and not reads.whole else [])],
        parts=[outcomes[other.pk] for other in others],
    )


def _counts(
    read: "_Read", merged: facts.Tally | None, added: events.Added | None, *, repeated: int
) -> Counts:
    """Of a log the events are counted, of all other sources the facts."""
    merged = merged or facts.Tally()
    return Counts(
        lines=read.lines,
        lines_rejected=read.lines_rejected,
        lines_empty=read.lines_empty,
        rejected=read.facts_rejected,
        accepted=merged.accepted if added is None else added.fresh,
        revised=merged.revised if added is None else 0,
        duplicate=merged.confirmed + merged.older + repeated if added is None else added.repeated,
        unmatched=merged.unmatched if added is None else added.unmatched,
    )


class _Read:
    """What parsing one body found, the staged facts apart."""

    def __init__(self) -> None:
        self.lines = self.lines_rejected = self.lines_empty = self.facts_rejected = 0
        self.errors: list[RowError] = []
        self.warnings: list[str] = []


@dataclass(frozen=True, kw_only=True)
class _Reads:
    """What parsing all bodies found; the number of a part is its place. sliced: a full slice."""

    bodies: list[_Read]
    sliced: SliceOfFacts | None

    @property
    def whole(self) -> bool:
        """Whether nobody may be missing only because a row was refused. The erased stay out."""
        refused = (error for read in self.bodies for error in read.errors)
        return all(error.code == Code.ERASED for error in refused)

    def refuse(self, part: int, error: RowError, *, dropped: int) -> None:
        """Count a line that was read well and is refused for what stands beside it."""
        read = self.bodies[part]
        read.errors.append(error)
        read.lines_rejected += 1
        read.facts_rejected += dropped


def _stage_all(
    batches: Sequence[ImportBatch], source: Source, organization: Organization, now: datetime
) -> _Reads:
    """Stage the bodies in the order in which their sender counts them. Raises EnvelopeError."""
    initiatives = dict(Initiative.objects.values_list("key", "pk"))
    bodies = [_Read() for _ in batches]
    for number, batch in enumerate(batches):
        context = context_of_batch(
            batch=batch, organization=organization, initiatives=initiatives, now=now
        )
        _stage(batch, source, context, initiatives, read=bodies[number], part=number)
    sliced = slice_named(batch=batches[0], source=context.default_source, initiatives=initiatives)
    return _Reads(bodies=bodies, sliced=sliced)


def _stage(
    batch: ImportBatch,
    source: Source,
    context: ParseContext,
    initiatives: Mapping[str, int],
    *,
    read: _Read,
    part: int,
) -> None:
    """Parse a kept body piece by piece and stage its rows. Raises EnvelopeError."""
    stated = False
    if batch.content_type == kept.MEDIA:
        pieces = kept.read_kept(watched_body(batch=batch))
    else:
        body = watched_body(batch=batch)
        pieces = source.parse(body, content_type=batch.content_type, context=context)
    oldest = context.today - timedelta(days=source.remembered_days)
    for piece in pieces:
        if source.adds:
            _refuse_too_old(piece, oldest)
        else:
            stated = stated or any(row.event_id is not None for row in piece.rows)
        staging.stage(
            rows=piece.rows,
            initiatives=initiatives,
            as_of=batch.as_of,
            events=source.adds,
            part=part,
        )
        read.lines += piece.lines
        read.lines_rejected += piece.lines_rejected
        read.lines_empty += piece.lines_empty
        read.facts_rejected += piece.facts_rejected
        read.errors += piece.errors
        read.warnings += piece.warnings
    if stated:
        read.warnings.append(EVENTS_REPLACE)


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


def _refuse_erased(reads: _Reads) -> None:
    """Refuse what is said of people who were erased. The value stays out."""
    if not SuppressedIdentity.objects.exists():
        return
    numbers = suppressed_subjects(subjects=staging.staged_subjects())
    dropped = staging.drop_subjects(numbers=numbers) if numbers else []
    for part, line, count in dropped:
        error = RowError(line, "subject", Code.ERASED, "This person was erased; leave the row out.")
        reads.refuse(part, error, dropped=count)


def _refuse_outside(reads: _Reads) -> None:
    """Refuse every line that is not of the full slice: either it or the slice is a mistake."""
    if reads.sliced is None:
        return
    for part, line, count in drop_outside(facts=reads.sliced):
        error = RowError(
            line,
            "",
            Code.OUTSIDE_SLICE,
            "The row is of another initiative, source, scope or day than the full slice.",
        )
        reads.refuse(part, error, dropped=count)


def _refuse_contradictions(reads: _Reads, source: Source) -> None:
    """Refuse every line that states a key of another line differently."""
    if source.summed:
        facts.sum_parts()
        return
    found = facts.drop_contradictions()
    for part, line, (first_part, first_line) in found.lines:
        where = f"Line {first_line}" + (f" of body {first_part + 1}" if first_part != part else "")
        error = RowError(
            line,
            "subject",
            Code.CONFLICTING_ROWS,
            f"{where} states the same period otherwise; send one of the two.",
        )
        reads.refuse(part, error, dropped=0)
    for part, dropped in found.facts.items():
        reads.bodies[part].facts_rejected += dropped
