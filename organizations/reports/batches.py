"""Import batches as pages show them: sums that add up, and the words for what became of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from organizations.calculations.jobs import BatchKind, BatchState, JobState
from organizations.errors import NotFound
from organizations.models import ImportBatch, JobRun, RowError
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
# What the page says of each state, below its title.
PROGRESS_WORDS = {
    BatchState.RECEIVED: "It is kept safely and waits for the worker. You can leave this page.",
    BatchState.RUNNING: "The worker is reading its rows. You can leave this page.",
    BatchState.DONE: "Good rows count at once; figures follow within a minute.",
    BatchState.REFUSED: "Nothing of it is stored. Earlier data is unchanged.",
    BatchState.DEAD: "Nothing of it is counted. Its body is kept, so it can be tried again.",
    BatchState.PREVIEW: "Nothing of it is applied before somebody says so on its preview.",
    BatchState.DISCARDED: "Nothing of it was applied.",
    BatchState.UNDONE: "Everybody is as before it. Departments that it made are still there.",
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
    """One batch. trying_again: it is dead, and a job for it waits or runs."""

    batch: ImportBatch
    line: BatchLine
    trying_again: bool
    errors: Page[RowError]

    @property
    def open(self) -> bool:
        """Whether more is to come without anybody doing anything."""
        waiting = (BatchState.RECEIVED, BatchState.RUNNING)
        return self.line.state in waiting or self.trying_again

    @property
    def previewed(self) -> bool:
        """Whether there is a page of what it changes."""
        return BODY_LINES in self.batch.options and self.batch.kind == BatchKind.PEOPLE

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


def batch_report(*, number: int, page: str | int | None) -> BatchReport:
    """One batch of the organization in force with a page of its row errors. Raises NotFound."""
    batch = _listed(ImportBatch.objects.filter(number=number)).first()
    if batch is None:
        raise NotFound("There is no batch of this number here.")
    errors = RowError.objects.filter(batch=batch).order_by("number")
    line = _line(batch)
    return BatchReport(
        batch=batch,
        line=line,
        trying_again=line.state is BatchState.DEAD and _is_open(batch),
        errors=Paginator(errors, ERRORS_PER_PAGE).get_page(page),
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
