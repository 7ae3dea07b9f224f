"""What every kind of batch shares: its refused rows, its sums, its end and its audit entry.

A kind hands its work to `settle` and answers with an `Outcome`; `settle` holds the lease, keeps or
throws away what the work wrote, and closes the batch in the same transaction:

    def process_people(*, batch: ImportBatch, lease: Lease, clock: Clock) -> None:
        settle(batch=batch, lease=lease, clock=clock, work=lambda: _import(batch))

The pieces stand alone as well, for a kind that needs another order:

    store_errors(batch=…, errors=…, first=0) -> int       the number the next error will have
    close_batch(batch=…, counts=Counts(…), now=…, state=BatchState.DONE, problem="", …) -> None
    actor_of(batch=…) -> Actor                            the key or the user who sent it
    hold_directory(organization_id=…) -> Organization     one writer of people and access at a time
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TypeAlias, TypeVar

from django.db import transaction

from organizations.actions import jobs
from organizations.actions.jobs import Lease
from organizations.actions.key_watch import watch_batch
from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.jobs import BatchState
from organizations.models import ImportBatch, Organization
from organizations.models import RowError as StoredError
from organizations.sources.collecting import Parsed
from organizations.sources.reading import EnvelopeError, RowError

Row = TypeVar("Row")
Clock: TypeAlias = Callable[[], datetime]

ERRORS_PER_INSERT = 5_000
MOST_WARNINGS = 20
STRICT_REFUSAL = "strict_mode"
_WORDS = {BatchState.DONE: "imported", BatchState.PREVIEW: "previewed_again"}


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Sums of a batch. The four ways a row can go add up to `received`; lines are lines.

    withdrawn: what was stored before and is counted no more, because the batch did without it.
    """

    accepted: int = 0
    revised: int = 0
    duplicate: int = 0
    rejected: int = 0
    unmatched: int = 0
    withdrawn: int = 0
    lines: int = 0
    lines_rejected: int = 0
    lines_empty: int = 0

    @property
    def received(self) -> int:
        return self.accepted + self.revised + self.duplicate + self.rejected


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What working a batch off came to.

    days: the first and the last day its rows speak of. parts: outcomes of the batches that were
    worked off together with it, in the order in which `settle` was given them.
    """

    counts: Counts
    errors: Sequence[RowError] = ()
    warnings: Sequence[str] = ()
    state: BatchState = BatchState.DONE
    problem: str = ""
    problem_code: str = ""
    days: tuple[date, date] | None = None
    parts: "Sequence[Outcome]" = ()


@dataclass
class Tally:
    """Counts rows and collects refusals while a batch is worked off."""

    accepted: int = 0
    revised: int = 0
    duplicate: int = 0
    rejected: int = 0
    lines: int = 0
    lines_rejected: int = 0
    lines_empty: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def read(self, piece: Parsed[Row]) -> list[Row]:
        """Take over what a piece of the body came to. Returns its good rows."""
        self.errors += piece.errors
        self.warnings += piece.warnings
        self.lines += piece.lines
        self.lines_rejected += piece.lines_rejected
        self.lines_empty += piece.lines_empty
        self.rejected += piece.facts_rejected
        return piece.rows

    def refuse(self, error: RowError) -> None:
        """Refuse a row that was well formed but cannot be applied."""
        self.errors.append(error)
        self.rejected += 1
        self.lines_rejected += 1

    def outcome(self) -> Outcome:
        counts = Counts(
            accepted=self.accepted,
            revised=self.revised,
            duplicate=self.duplicate,
            rejected=self.rejected,
            lines=self.lines,
            lines_rejected=self.lines_rejected,
            lines_empty=self.lines_empty,
        )
        errors = sorted(self.errors, key=lambda error: (error.line, error.field, error.code))
        return Outcome(counts=counts, errors=errors, warnings=tuple(self.warnings))


class _StrictError(Exception):
    """Rolls back what a strict batch wrote before its bad row was met."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def settle(
    *,
    batch: ImportBatch,
    lease: Lease,
    clock: Clock,
    work: Callable[[], Outcome],
    parts: Sequence[ImportBatch] = (),
) -> Outcome:
    """Work a batch off in one transaction under its lease. Raises LeaseLost, and nothing happened;
    Cancelled where somebody has stopped it meanwhile.

    A body that cannot be read, and one bad row in strict mode, refuse the batch: whatever `work`
    wrote is rolled back, the row errors stay, `received` is 0. parts: other batches that `work`
    works off with it; they end as it does.
    """
    # Seen by others at once, and only ever a step forward: a batch that is done stays done.
    ImportBatch.objects.filter(pk=batch.pk, state=BatchState.RECEIVED).update(
        state=BatchState.RUNNING
    )
    with transaction.atomic():
        jobs.hold(lease=lease)
        _check_wanted(batch)
        outcome = _attempt(batch, work)
        _check_wanted(batch, hold=True)
        now = clock()
        _end(batch, outcome, now)
        for part, its in zip(parts, outcome.parts or [outcome] * len(parts), strict=True):
            _end(part, its, now)
        jobs.finish(lease=lease, now=now)
    return outcome


def _check_wanted(batch: ImportBatch, *, hold: bool = False) -> None:
    """Raises Cancelled. hold: until the transaction ends nobody stops it any more."""
    wanted = ImportBatch.objects.filter(pk=batch.pk, state=BatchState.RUNNING)
    if not (wanted.select_for_update(no_key=True) if hold else wanted).exists():
        raise jobs.Cancelled("The batch was cancelled before it was done.")


def _end(batch: ImportBatch, outcome: Outcome, now: datetime) -> None:
    store_errors(batch=batch, errors=outcome.errors)
    close_batch(
        batch=batch,
        counts=outcome.counts,
        now=now,
        state=outcome.state,
        problem=outcome.problem,
        problem_code=outcome.problem_code,
        warnings=outcome.warnings,
        days=outcome.days,
    )
    _tell(batch, outcome, now)
    watch_batch(batch=batch, now=now)


def _attempt(batch: ImportBatch, work: Callable[[], Outcome]) -> Outcome:
    try:
        with transaction.atomic():
            outcome = work()
            if batch.strict and any(each.errors for each in (outcome, *outcome.parts)):
                raise _StrictError(outcome)
            return outcome
    except _StrictError as refusal:
        return _refused(refusal.outcome)
    except EnvelopeError as problem:
        return Outcome(
            counts=Counts(),
            state=BatchState.REFUSED,
            problem=problem.message,
            problem_code=problem.code,
        )


def _refused(outcome: Outcome) -> Outcome:
    counts = outcome.counts
    return Outcome(
        counts=Counts(
            lines=counts.lines,
            lines_rejected=counts.lines_rejected,
            lines_empty=counts.lines_empty,
        ),
        errors=outcome.errors,
        warnings=outcome.warnings,
        state=BatchState.REFUSED,
        problem="Strict mode: a row was refused, so nothing of this batch is stored.",
        problem_code=STRICT_REFUSAL,
        parts=[_refused(part) for part in outcome.parts],
    )


def _tell(batch: ImportBatch, outcome: Outcome, now: datetime) -> None:
    done = outcome.state in _WORDS
    sums = {name: number for name, number in asdict(outcome.counts).items() if number}
    record(
        organization_id=batch.organization_id,
        actor=actor_of(batch=batch),
        action=f"{batch.kind}.{_WORDS.get(outcome.state, 'refused')}",
        object_kind="import_batch",
        object_id=batch.number,
        changes=sums | ({} if done else {"code": outcome.problem_code}),
        now=now,
    )


def store_errors(*, batch: ImportBatch, errors: Iterable[RowError], first: int = 0) -> int:
    """Keep refused rows, numbered from `first`. Returns the number the next one will have."""
    rows = [
        StoredError(
            organization_id=batch.organization_id,
            batch_id=batch.pk,
            number=number,
            line=error.line,
            field=error.field[:80],
            code=error.code.value,
            message=error.message[:400],
            value=(error.value or "")[:60],
        )
        for number, error in enumerate(errors, first)
    ]
    StoredError.objects.bulk_create(rows, batch_size=ERRORS_PER_INSERT)
    return first + len(rows)


def close_batch(
    *,
    batch: ImportBatch,
    counts: Counts,
    now: datetime,
    state: BatchState = BatchState.DONE,
    problem: str = "",
    problem_code: str = "",
    warnings: Iterable[str] = (),
    days: tuple[date, date] | None = None,
) -> None:
    """Write state and sums of a batch in one update, inside the caller's transaction.

    The object is brought up to date as well, so that the caller can answer from it. The database
    refuses sums that do not add up.
    """
    changes: dict[str, object] = {
        "state": state.value,
        "finished_at": now,
        "problem": problem[:400],
        "problem_code": problem_code[:40],
        "warnings": [text[:400] for text in warnings][:MOST_WARNINGS],
        "received": counts.received,
        "first_day": days[0] if days else None,
        "last_day": days[1] if days else None,
        **asdict(counts),
    }
    ImportBatch.objects.filter(pk=batch.pk).update(**changes)
    for name, value in changes.items():
        setattr(batch, name, value)


def actor_of(*, batch: ImportBatch) -> Actor:
    """Who sent a batch."""
    if batch.api_key_id is not None:
        return Actor(kind="key", id=batch.api_key_id)
    if batch.user_id is not None:
        return Actor(kind="user", id=batch.user_id)
    return SYSTEM


def hold_directory(*, organization_id: int) -> Organization:
    """Lock an organization's directory and access rules until the transaction ends.

    Access is computed from people and rules together; two writers at once would each miss what the
    other one has not yet committed. Only such writers wait: foreign keys and reads do not.
    """
    return Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
