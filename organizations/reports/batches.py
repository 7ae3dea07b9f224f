"""Import batches as pages show them: sums that add up, and the words for what became of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from organizations.calculations.jobs import BatchKind, BatchState, JobState
from organizations.errors import NotFound
from organizations.models import ImportBatch, JobRun, RowError
from organizations.registry import batch_work
from organizations.reports.parts import waits_for
from organizations.reports.progress import OPEN, Progress, progress_of
from ui.formats import integer

BATCHES_PER_PAGE = 50
ERRORS_PER_PAGE = 100
# A batch that came out badly asks to be looked at for a week; a dead one until it is done.
LOOK_FOR = timedelta(days=7)
IMPORT = "import"
BODY_LINES = "body_lines"

KIND_WORDS = {
    BatchKind.USAGE: "Usage",
    BatchKind.PEOPLE: "People",
    BatchKind.INITIATIVES: "Initiatives",
    BatchKind.ELIGIBILITY: "Eligibility",
}
STATE_WORDS = {
    BatchState.RECEIVED: "Waiting",
    BatchState.RUNNING: "Being worked off",
    BatchState.DONE: "Done",
    BatchState.REFUSED: "Refused",
    BatchState.DEAD: "Stopped",
    BatchState.PREVIEW: "To be applied",
    BatchState.DISCARDED: "Discarded",
    BatchState.UNDONE: "Taken back",
}
PEOPLE_UNDONE = "Everybody is as before it. Departments that it made are still there."
# What the page says of each state, below its title.
PROGRESS_WORDS = {
    BatchState.RECEIVED: "It is kept safely and waits for the worker. You can leave this page.",
    BatchState.RUNNING: "The worker is reading its rows. You can leave this page.",
    BatchState.DONE: "Good rows count at once; figures follow within a minute.",
    BatchState.REFUSED: "Nothing of it is stored. Earlier data is unchanged.",
    BatchState.DEAD: "Nothing of it is counted. Its body is kept, so it can be tried again.",
    BatchState.PREVIEW: "Nothing of it is applied before somebody says so on its preview.",
    BatchState.DISCARDED: "Nothing of it was applied.",
    BatchState.UNDONE: "What it stored is gone, and what it replaced says again what it said.",
}


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """One batch in a list. sender: the file, else the key or the person that sent it."""

    number: int
    kind: str
    sender: str
    source: str
    received_at: datetime
    received: int
    accepted: int
    revised: int
    duplicate: int
    rejected: int
    unmatched: int
    state: BatchState

    @property
    def tone(self) -> str:
        """Kind of badge: ok, warn, danger or info."""
        if self.state in (BatchState.REFUSED, BatchState.DEAD):
            return "danger"
        if self.state in (BatchState.DISCARDED, BatchState.UNDONE):
            return "line"
        if self.state is not BatchState.DONE:
            return "info"
        return "warn" if self.rejected else "ok"

    @property
    def result(self) -> str:
        if self.state is not BatchState.DONE:
            return STATE_WORDS[self.state]
        return f"{integer(self.rejected)} to look at" if self.rejected else "Complete"

    @property
    def has_sums(self) -> bool:
        """Before the end there is nothing to count; that is unknown and not zero."""
        return self.state in (BatchState.DONE, BatchState.REFUSED, BatchState.UNDONE)


@dataclass(frozen=True, kw_only=True)
class BatchesReport:
    page: Page[BatchLine]
    total: int


@dataclass(frozen=True, kw_only=True)
class BatchReport:
    """One batch. trying_again: it is dead, and a job for it waits or runs.

    codes: how many rows were refused for what, most first; code: the one of the address, or "".
    reading: how far an open batch has been read, where that is known.
    """

    batch: ImportBatch
    line: BatchLine
    trying_again: bool
    errors: Page[RowError]
    codes: tuple[tuple[str, int], ...]
    code: str
    reading: Progress | None

    @property
    def refused(self) -> int:
        """All refused rows, whatever the filter leaves."""
        return sum(count for _, count in self.codes)

    @property
    def waits_for(self) -> str:
        """What a part of a slice waits for, in a sentence; "" for all other batches."""
        return waits_for(batch=self.batch) or ""

    @property
    def stoppable(self) -> bool:
        return self.line.state in OPEN and self.batch.part is None

    @property
    def open(self) -> bool:
        """Whether more is to come without anybody doing anything."""
        waiting = (BatchState.RECEIVED, BatchState.RUNNING)
        return self.line.state in waiting or self.trying_again

    @property
    def preview_url(self) -> str:
        """The page of what it changes, or would; "" where there is none."""
        work = batch_work.get(self.batch.kind)
        people = self.batch.kind == BatchKind.PEOPLE
        looked_at = people or self.line.state is BatchState.PREVIEW
        if not work or not work.preview or BODY_LINES not in self.batch.options or not looked_at:
            return ""
        return reverse(work.preview, args=[self.batch.number])

    @property
    def undo_action(self) -> str:
        """What one must be allowed to do to take it back; "" where nobody can.

        A people file that was not looked at first keeps nothing to go back to.
        """
        work = batch_work.get(self.batch.kind)
        if work is None or work.undo is None or self.line.state is not BatchState.DONE:
            return ""
        people = self.batch.kind == BatchKind.PEOPLE
        return "" if people and "shown" not in self.batch.options else work.action

    @property
    def about(self) -> Sequence[tuple[str, str]]:
        """(term, words) of how it was read, from the floor that reads it."""
        work = batch_work.get(self.batch.kind)
        return work.about(self.batch) if work else ()

    @property
    def dead(self) -> bool:
        return self.line.state is BatchState.DEAD and not self.trying_again

    @property
    def title(self) -> str:
        """The finding: what became of the batch."""
        name = f"Batch {self.batch.number}"
        if self.trying_again:
            return f"{name} is being tried again"
        if self.line.state is BatchState.DONE:
            return f"{name}: {_taken(self.line)}"
        words = {
            BatchState.RECEIVED: "waits to be worked off",
            BatchState.RUNNING: "is being worked off",
            BatchState.REFUSED: "was refused",
            BatchState.DEAD: "could not be worked off",
            BatchState.PREVIEW: "is a preview that waits for you",
            BatchState.DISCARDED: "was discarded",
            BatchState.UNDONE: "was taken back",
        }
        return f"{name} {words[self.line.state]}"

    @property
    def progress(self) -> str:
        if self.line.state is BatchState.UNDONE and self.batch.kind == BatchKind.PEOPLE:
            return PEOPLE_UNDONE
        return PROGRESS_WORDS[BatchState.RECEIVED if self.trying_again else self.line.state]


def _taken(line: BatchLine) -> str:
    good = line.accepted + line.revised + line.duplicate
    if line.received == 0:
        return "it held no rows"
    if line.rejected == 0:
        return "its only row was taken" if good == 1 else f"all {integer(good)} rows were taken"
    return f"{integer(line.rejected)} of {integer(line.received)} rows need a look"


def batches_report(
    *, kind: BatchKind | None, state: BatchState | None, page: str | int | None
) -> BatchesReport:
    """A page of batches of the organization in force, newest first."""
    batches = ImportBatch.objects.all()
    if kind is not None:
        batches = batches.filter(kind=kind)
    if state is not None:
        batches = batches.filter(state=state)
    paginator = Paginator(_listed(batches), BATCHES_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    shown.object_list = [_line(batch) for batch in shown.object_list]
    return BatchesReport(page=shown, total=ImportBatch.objects.count())


def recent_batches(*, most: int) -> tuple[BatchLine, ...]:
    return tuple(_line(batch) for batch in _listed(ImportBatch.objects.all())[:most])


def batch_report(*, number: int, page: str | int | None, code: str = "") -> BatchReport:
    """One batch of the organization in force with a page of its row errors. Raises NotFound.

    code: only errors of this one; a code that the batch does not have leaves them all.
    """
    batch = _listed(ImportBatch.objects.filter(number=number)).first()
    if batch is None:
        raise NotFound("There is no batch of this number here.")
    errors = RowError.objects.filter(batch=batch).order_by("number")
    counted = errors.order_by().values_list("code").annotate(rows=Count("number"))
    codes = tuple(counted.order_by("-rows", "code"))
    chosen = code if code in dict(codes) else ""
    line = _line(batch)
    return BatchReport(
        batch=batch,
        line=line,
        trying_again=line.state is BatchState.DEAD and _is_open(batch),
        errors=Paginator(
            errors.filter(code=chosen) if chosen else errors, ERRORS_PER_PAGE
        ).get_page(page),
        codes=codes,
        code=chosen,
        reading=progress_of(batch=batch) if line.state in OPEN else None,
    )


def error_lines(*, batch: ImportBatch) -> Iterator[tuple[int, str, str, str, str]]:
    """Line, field, value, code and message of every refused row, for a file."""
    yield from (
        RowError.objects.filter(batch=batch)
        .order_by("number")
        .values_list("line", "field", "value", "code", "message")
        .iterator(chunk_size=2000)
    )


def needing_a_look(*, now: datetime) -> int:
    """Batches that somebody has to look at: dead ones, and bad ones of the last week."""
    bad = Q(state=BatchState.REFUSED) | Q(rejected__gt=0)
    return ImportBatch.objects.filter(
        Q(state=BatchState.DEAD) | Q(bad, received_at__gte=now - LOOK_FOR)
    ).count()


def _is_open(batch: ImportBatch) -> bool:
    return JobRun.objects.filter(
        kind=IMPORT,
        period=str(batch.number),
        state__in=[JobState.WAITING, JobState.RUNNING],
    ).exists()


def _listed(batches: QuerySet[ImportBatch]) -> QuerySet[ImportBatch]:
    return batches.select_related("api_key", "user").order_by("-number")


def _line(batch: ImportBatch) -> BatchLine:
    return BatchLine(
        number=batch.number,
        kind=KIND_WORDS[BatchKind(batch.kind)],
        sender=_sender(batch),
        source=batch.source,
        received_at=batch.received_at,
        received=batch.received,
        accepted=batch.accepted,
        revised=batch.revised,
        duplicate=batch.duplicate,
        rejected=batch.rejected,
        unmatched=batch.unmatched,
        state=BatchState(batch.state),
    )


def _sender(batch: ImportBatch) -> str:
    if batch.filename:
        return batch.filename
    if batch.api_key is not None:
        return batch.api_key.name
    return batch.user.name if batch.user is not None else "the system"
