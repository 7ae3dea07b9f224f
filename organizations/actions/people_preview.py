"""Show what a people file would change before anything is written: look, choose, apply, discard.

A previewed batch keeps what was chosen in `options` and what it came to as BatchChange rows.
`options["shown"]` is the digest of what the page shows; without it the preview is being made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction

from organizations.actions import jobs
from organizations.actions.approvals import NewApproval, propose
from organizations.actions.batches import BODY_LINES, JOB, is_small
from organizations.actions.people_plan import Plan, make_plan
from organizations.actions.rows import Clock, Counts, close_batch, store_errors
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ApprovalState
from organizations.calculations.jobs import BatchState, JobState
from organizations.calculations.preview import (
    Choices,
    Entry,
    choices_json,
    choices_of,
    known_json,
    wants_second_person,
)
from organizations.dirty import ring
from organizations.errors import Conflict, LeaseLost
from organizations.models import (
    Approval,
    BatchChange,
    ImportBatch,
    JobRun,
    Organization,
    Person,
    User,
)
from organizations.models import RowError as StoredError
from organizations.sources.reading import EnvelopeError

PREVIEW_JOB = "preview"
END_MANY = "people.end_many"
CHANGES_PER_INSERT = 2_000
PEOPLE_LOOKED_AT_INLINE = 20_000
CHANGED_MEANWHILE = (
    "The directory has changed since this preview was made, so nothing was applied. This is the"
    " preview of today: look at it and apply it again."
)


class PreviewClosed(Conflict):
    """It is no preview any more, or somebody else has to decide first."""

    code = "preview_closed"


def ask_preview(*, batch: ImportBatch, clock: Clock) -> None:
    """Make or renew the preview of a batch: at once where it is small, else by the worker."""
    with transaction.atomic():
        _ask(batch, clock())
    if looks_small(batch):
        look(batch=batch, clock=clock)
        batch.refresh_from_db()


def _ask(batch: ImportBatch, now: datetime) -> None:
    jobs.ask_job(
        organization_id=batch.organization_id, kind=PREVIEW_JOB, period=str(batch.number), now=now
    )
    if not looks_small(batch):
        ring("organizations.tasks.preview_batch", batch.organization_id, batch.pk)


def looks_small(batch: ImportBatch) -> bool:
    """Whether file and directory are compared while somebody waits for the answer."""
    return is_small(batch=batch) and Person.objects.count() <= PEOPLE_LOOKED_AT_INLINE


def look(*, batch: ImportBatch, clock: Clock) -> bool:
    """Make the preview, unless somebody else is at it. True when it is there afterwards.

    Transient faults put it back for another try; after five the batch is dead.
    """
    period = str(batch.number)
    lease = jobs.claim(
        organization_id=batch.organization_id, kind=PREVIEW_JOB, period=period, now=clock()
    )
    if lease is None:
        _bury_if_dead(batch)
        return False
    try:
        _look(batch, lease, clock)
    except LeaseLost:
        return False
    except (DatabaseError, OSError) as fault:
        jobs.give_back(lease=lease, error=type(fault).__name__, now=clock())
        _bury_if_dead(batch)
        return False
    return True


def _look(batch: ImportBatch, lease: jobs.Lease, clock: Clock) -> None:
    organization = Organization.objects.get(pk=batch.organization_id)
    try:
        plan = make_plan(
            batch=batch,
            organization=organization,
            preview=True,
            choices=choices_of(batch.options),
            heard=_counter(batch),
        )
    except EnvelopeError as problem:
        with transaction.atomic():
            jobs.hold(lease=lease)
            _refuse(batch, problem, clock())
            jobs.finish(lease=lease, now=clock())
        return
    with transaction.atomic():
        jobs.hold(lease=lease)
        # Whoever discarded or changed it meanwhile was later than this look.
        stored = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if stored.state == BatchState.PREVIEW and stored.options == batch.options:
            keep_preview(batch=stored, plan=plan)
        jobs.finish(lease=lease, now=clock())


def _counter(batch: ImportBatch) -> Callable[[int], None]:
    def heard(lines: int) -> None:
        ImportBatch.objects.filter(pk=batch.pk).update(lines=lines)

    return heard


def _refuse(batch: ImportBatch, problem: EnvelopeError, now: datetime) -> None:
    close_batch(
        batch=batch,
        counts=Counts(),
        now=now,
        state=BatchState.REFUSED,
        problem=problem.message,
        problem_code=problem.code,
    )


def _bury_if_dead(batch: ImportBatch) -> None:
    dead = JobRun.objects.filter(
        kind=PREVIEW_JOB, period=str(batch.number), state=JobState.DEAD
    ).exists()
    if dead:
        ImportBatch.objects.filter(pk=batch.pk, state=BatchState.PREVIEW).update(
            state=BatchState.DEAD,
            problem="Its preview could not be made after five tries; nothing of it is applied.",
            problem_code="dead",
        )


def keep_preview(*, batch: ImportBatch, plan: Plan) -> None:
    """Store what a plan would change, for the page, inside the caller's transaction."""
    keep_changes(batch=batch, plan=plan, written=plan.entries)
    store_errors(batch=batch, errors=plan.tally.outcome().errors)
    batch.options = {
        **chosen(batch, choices_of(batch.options)),
        "shown": plan.fingerprint,
        "counts": dict(plan.counts),
        "departments_new": sorted(plan.places.new.values()),
    }
    ImportBatch.objects.filter(pk=batch.pk).update(
        options=batch.options,
        lines=plan.tally.lines,
        warnings=[text[:400] for text in plan.tally.warnings],
    )


def keep_changes(*, batch: ImportBatch, plan: Plan, written: Sequence[Entry]) -> None:
    """Replace the stored rows of a preview by these entries. Row errors are told anew as well."""
    names = plan.places.names
    StoredError.objects.filter(batch=batch).delete()
    BatchChange.objects.filter(batch=batch).delete()
    BatchChange.objects.bulk_create(
        (
            BatchChange(
                organization_id=batch.organization_id,
                batch=batch,
                number=number,
                kind=entry.kind.value,
                line=entry.lines[0] if entry.lines else None,
                person_id=entry.person_id,
                before=known_json(entry.old, names),
                after={
                    "lines": list(entry.lines),
                    "known": known_json(entry.new, names),
                    "row": entry.row,
                },
                problem=entry.problem,
                left_out=entry.left_out,
            )
            for number, entry in enumerate(written, 1)
        ),
        batch_size=CHANGES_PER_INSERT,
    )


def choose(
    *, batch: ImportBatch, change: Callable[[Choices], Choices], actor: Actor, clock: Clock
) -> None:
    """Change what was chosen for a preview and make it again. Raises PreviewClosed."""
    with transaction.atomic():
        stored = _open(batch)
        batch.options = chosen(stored, change(choices_of(stored.options)))
        ImportBatch.objects.filter(pk=batch.pk).update(options=batch.options)
        record(
            organization_id=batch.organization_id,
            actor=actor,
            action="people.preview_chosen",
            object_kind="import_batch",
            object_id=batch.number,
            changes=_sums(choices_of(batch.options)),
            now=clock(),
        )
    ask_preview(batch=batch, clock=clock)


def chosen(batch: ImportBatch, choices: Choices) -> dict[str, Any]:
    """Options of a batch with these choices and nothing shown yet."""
    return {BODY_LINES: batch.options.get(BODY_LINES, 0), **choices_json(choices)}


def _sums(choices: Choices) -> dict[str, Any]:
    """How much was chosen; never who."""
    said: Mapping[str, Any] = choices_json(choices)
    return {name: value if isinstance(value, bool) else len(value) for name, value in said.items()}


def leave_out(choices: Choices, *, row: BatchChange, out: bool) -> Choices:
    """Leave a row of the preview out, or put it back."""
    if row.line is None:
        people = {row.person_id} if row.person_id is not None else set()
        return replace(choices, kept=choices.kept | people if out else choices.kept - people)
    lines = set((row.after or {})["lines"])
    left = choices.left_out | lines if out else choices.left_out - lines
    return replace(choices, left_out=frozenset(left))


def apply_preview(*, batch: ImportBatch, by: User | None, actor: Actor, now: datetime) -> bool:
    """Hand a preview to the road of every import. False: a second administrator has to agree.

    Raises PreviewClosed. by: who proposes where two people are needed; a key ends nobody.
    """
    with transaction.atomic():
        stored = _open(batch)
        if "shown" not in stored.options:
            raise PreviewClosed(
                "The preview is still being made.", remedy="Wait for it, then apply."
            )
        counts = stored.options["counts"]
        if by is not None and wants_second_person(ended=counts["ended"], here=counts["here"]):
            _propose(stored, by, now)
            return False
        release(batch=stored, actor=actor, now=now)
    return True


def release(*, batch: ImportBatch, actor: Actor, now: datetime) -> None:
    """Let a preview be worked off, inside the caller's transaction."""
    ImportBatch.objects.filter(pk=batch.pk, state=BatchState.PREVIEW).update(
        state=BatchState.RECEIVED, warnings=[]
    )
    jobs.ask_job(organization_id=batch.organization_id, kind=JOB, period=str(batch.number), now=now)
    record(
        organization_id=batch.organization_id,
        actor=actor,
        action="people.preview_applied",
        object_kind="import_batch",
        object_id=batch.number,
        changes={name: number for name, number in batch.options["counts"].items() if number},
        now=now,
    )
    ring("organizations.tasks.process_batch", batch.organization_id, batch.pk)


def _propose(batch: ImportBatch, by: User, now: datetime) -> None:
    counts = batch.options["counts"]
    propose(
        organization_id=batch.organization_id,
        new=NewApproval(
            act=END_MANY,
            object_kind="import_batch",
            object_id=batch.number,
            title=f"End {counts['ended']} people with import {batch.number}",
            reason=f"They are not in the file; {counts['here']} people are here now.",
            payload={"batch": batch.number, "shown": batch.options["shown"]},
        ),
        by=by,
        now=now,
    )


def apply_agreed(*, approval: Approval, actor: Actor, now: datetime) -> None:
    """A second administrator has agreed that so many people end. Raises PreviewClosed."""
    batch = ImportBatch.objects.select_for_update().get(number=approval.payload["batch"])
    same = batch.options.get("shown") == approval.payload["shown"]
    if batch.state != BatchState.PREVIEW or not same:
        raise PreviewClosed(
            "The preview has changed since this was proposed.",
            remedy="Decline it, and have the preview of today proposed.",
        )
    release(batch=batch, actor=actor, now=now)


def discard(*, batch: ImportBatch, actor: Actor, now: datetime) -> None:
    """Drop a preview: nothing of it is ever applied. Raises PreviewClosed."""
    with transaction.atomic():
        _open(batch)
        BatchChange.objects.filter(batch=batch).delete()
        ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.DISCARDED, finished_at=now)
        record(
            organization_id=batch.organization_id,
            actor=actor,
            action="people.preview_discarded",
            object_kind="import_batch",
            object_id=batch.number,
            now=now,
        )


def held_by(*, batch: ImportBatch) -> Approval | None:
    """The open proposal that waits for a second administrator, or None."""
    return Approval.objects.filter(
        act=END_MANY,
        object_kind="import_batch",
        object_id=str(batch.number),
        state=ApprovalState.OPEN.value,
    ).first()


def _open(batch: ImportBatch) -> ImportBatch:
    """The batch, locked, if it may still be changed. Raises PreviewClosed."""
    stored = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if stored.state != BatchState.PREVIEW:
        raise PreviewClosed(
            "This file is no preview any more.", remedy="Open it again to see what became of it."
        )
    if held_by(batch=stored) is not None:
        raise PreviewClosed(
            "It waits for a second administrator.",
            remedy="Take the proposal back first, then change the preview.",
        )
    return stored
