"""The preview of a people file: what it would change, counted so that it adds up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet

from organizations.calculations.choices import ApprovalState, ChangeKind
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.calculations.preview import FEW, SHARE_ENDED_ALONE, wants_second_person
from organizations.errors import NotFound, TooLarge
from organizations.models import (
    Approval,
    BatchChange,
    Department,
    ImportBatch,
    Organization,
    Person,
)
from organizations.reports.people_changes import ChangeLine, Words, change_line
from ui.formats import integer, percent

CHANGES_PER_PAGE = 50
MOST_LINES = 100_000
END_MANY = "people.end_many"
# Kinds that the page can be narrowed to; left_out crosses all of them.
LEFT_OUT = "left_out"
OPEN_STATES = (BatchState.RECEIVED, BatchState.RUNNING)


@dataclass(frozen=True, kw_only=True)
class PreviewReport:
    """One previewed file. counts: rows and people by what becomes of them."""

    batch: ImportBatch
    counts: Mapping[str, int]
    kind: str
    page: Page[ChangeLine]
    tabs: tuple[tuple[str, str, int], ...]
    approval: Approval | None
    grace_days: int
    last_day: date

    @property
    def state(self) -> BatchState:
        return BatchState(self.batch.state)

    @property
    def being_made(self) -> bool:
        return self.state is BatchState.PREVIEW and "shown" not in self.batch.options

    @property
    def being_applied(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def moving(self) -> bool:
        """Whether more is to come without anybody doing anything."""
        return self.being_made or self.being_applied

    @property
    def open(self) -> bool:
        """Whether it may be changed and applied."""
        return self.state is BatchState.PREVIEW and not self.being_made and self.approval is None

    @property
    def applied(self) -> bool:
        return self.state is BatchState.DONE

    @property
    def ends(self) -> bool:
        return bool(self.batch.options.get("end_absent"))

    @property
    def may_end(self) -> bool:
        """Nobody ends while a row of the file cannot be read: it may be theirs."""
        return not self.counts.get("unread")

    @property
    def second_person(self) -> bool:
        return wants_second_person(
            ended=self.counts.get("ended", 0), here=self.counts.get("here", 0)
        )

    @property
    def gone_share(self) -> float | None:
        here = self.counts.get("here", 0)
        return self.counts.get("gone", 0) / here if here else None

    @property
    def progress(self) -> float | None:
        """How far the reading is, 0 to 1; None where the file does not tell its length."""
        lines = self.batch.options.get("body_lines", 0)
        return min(self.batch.lines / lines, 1.0) if lines else None

    @property
    def title(self) -> str:
        """The finding: what the file does."""
        if self.being_made:
            return "This file is being compared with the directory"
        if self.state is BatchState.REFUSED:
            return "This file cannot be read"
        if self.state is BatchState.DEAD:
            return "This file could not be worked off"
        return f"{_SUBJECTS[self.state]} {_finding(self.counts, _TENSES[self.state])}"

    @property
    def sum_of_rows(self) -> str:
        return _sum(self.counts, _ROWS, f"{integer(self.counts['rows'])} rows")

    @property
    def sum_of_people(self) -> str:
        return _sum(self.counts, _PEOPLE, integer(self.counts["directory"]))

    @property
    def rule(self) -> str:
        share = percent(self.gone_share, places=1) if self.gone_share is not None else "none"
        return (
            f"{integer(self.counts['gone'])} not in the file is {share} of the people here."
            f" Where at least {FEW} people and more than {percent(SHARE_ENDED_ALONE)} would end,"
            " the file is held and a second administrator must agree."
        )


_SUBJECTS = {
    BatchState.PREVIEW: "This file",
    BatchState.RECEIVED: "This file",
    BatchState.RUNNING: "This file",
    BatchState.DONE: "This file",
    BatchState.DISCARDED: "Discarded: this file",
    BatchState.UNDONE: "Taken back: this file",
}
_NOW, _PAST = ("adds", "changes", "ends"), ("added", "changed", "ended")
_WOULD = ("would have added", "changed", "ended")
_TENSES = {
    BatchState.PREVIEW: _NOW,
    BatchState.RECEIVED: _NOW,
    BatchState.RUNNING: _NOW,
    BatchState.DONE: _PAST,
    BatchState.DISCARDED: _WOULD,
    BatchState.UNDONE: _PAST,
}
_ROWS = (
    ("unchanged", "unchanged"),
    ("changed", "changed"),
    ("new", "new"),
    ("conflict", "in conflict"),
    ("left_out", "left out"),
    ("refused", "refused"),
    ("further", "further rows of the same people"),
)
_PEOPLE = (
    ("unchanged", "unchanged"),
    ("changed", "changed"),
    ("gone", "gone"),
    ("doubtful", "in doubt"),
    ("elsewhere", "left before or starting later"),
)


def _finding(counts: Mapping[str, int], verbs: tuple[str, ...]) -> str:
    adds, changes, ends = verbs
    new, changed, ended = (counts.get(name, 0) for name in ("new", "changed", "ended"))
    parts = []
    if new:
        parts.append(f"{adds} {integer(new)} {'person' if new == 1 else 'people'}")
    if changed:
        parts.append(f"{changes} {integer(changed)}")
    if ended:
        parts.append(f"{ends} {integer(ended)}")
    if not parts:
        return {"adds": "changes nobody", "added": "changed nobody"}.get(adds, "changed nobody")
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _sum(counts: Mapping[str, int], terms: tuple[tuple[str, str], ...], total: str) -> str:
    shown = [f"{integer(counts[name])} {words}" for name, words in terms if counts.get(name)]
    return f"{' + '.join(shown) or '0'} = {total}"


def find_preview(*, number: int) -> ImportBatch:
    """A people batch that was previewed, of the organization in force. Raises NotFound."""
    batch = (
        ImportBatch.objects.filter(
            number=number, kind=BatchKind.PEOPLE, options__has_key="body_lines"
        )
        .select_related("user", "api_key")
        .first()
    )
    if batch is None:
        raise NotFound("There is no preview of this number here.")
    return batch


def preview_report(
    *, batch: ImportBatch, organization: Organization, kind: str, page: str | int | None
) -> PreviewReport:
    """A page of what a previewed file changes. Raises NotFound."""
    changes = _listed(batch, kind)
    paginator = Paginator(changes, CHANGES_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    rows = list(shown.object_list)
    words = _words(batch, organization, rows)
    shown.object_list = [change_line(row, words) for row in rows]
    return PreviewReport(
        batch=batch,
        counts=batch.options.get("counts", {}),
        kind=kind,
        page=shown,
        tabs=_tabs(batch),
        approval=_approval(batch),
        grace_days=organization.grace_days,
        last_day=words.last_day,
    )


def change_lines(
    *, batch: ImportBatch, organization: Organization, kind: str
) -> Iterator[ChangeLine]:
    """Every change of a preview, for a file. Raises TooLarge over 100,000 lines."""
    changes = _listed(batch, kind)
    if changes.count() > MOST_LINES:
        raise TooLarge(
            f"A file may have {integer(MOST_LINES)} lines.", remedy="Choose a kind first."
        )
    rows = list(changes)
    words = _words(batch, organization, rows)
    for row in rows:
        yield change_line(row, words)


def find_change(*, batch: ImportBatch, number: int) -> BatchChange:
    """One row of a preview. Raises NotFound."""
    row = BatchChange.objects.filter(batch=batch, number=number).first()
    if row is None:
        raise NotFound("There is no such row in this preview; it may have been made again.")
    return row


def line_of(*, row: BatchChange, batch: ImportBatch, organization: Organization) -> ChangeLine:
    """One row of a preview in words, with its choices."""
    return change_line(row, _words(batch, organization, [row]))


def counts_for_api(*, batch: ImportBatch) -> dict[str, Any] | None:
    """What a previewed batch would do, and its conflicts; None while it is being made."""
    if batch.state != BatchState.PREVIEW or "counts" not in batch.options:
        return None
    conflicts = BatchChange.objects.filter(batch=batch, kind=ChangeKind.CONFLICT, left_out=False)
    counts = batch.options["counts"]
    return {
        **{name: counts[name] for name in ("unchanged", "new", "changed", "gone", "conflict")},
        "conflicts": [
            {"line": line, "code": code}
            for line, code in conflicts.order_by("number").values_list("line", "problem")[:1000]
        ],
    }


def _listed(batch: ImportBatch, kind: str) -> QuerySet[BatchChange]:
    changes = BatchChange.objects.filter(batch=batch).order_by("number")
    if kind == LEFT_OUT:
        return changes.filter(left_out=True)
    return changes.filter(kind=kind) if kind else changes


def _tabs(batch: ImportBatch) -> tuple[tuple[str, str, int], ...]:
    """(value, words, rows) of the filter, only what there is."""
    changes = BatchChange.objects.filter(batch=batch)
    kinds = list(changes.values_list("kind", "left_out").annotate(n=Count("pk")).order_by())
    words = {
        ChangeKind.CONFLICT: "Conflicts",
        ChangeKind.NEW: "New",
        ChangeKind.CHANGED: "Changed",
        ChangeKind.GONE: "Gone",
    }
    counted = [
        (kind.value, text, sum(n for k, _, n in kinds if k == kind)) for kind, text in words.items()
    ]
    counted.append((LEFT_OUT, "Left out", sum(n for _, out, n in kinds if out)))
    return (("", "All", sum(n for *_, n in kinds)), *(tab for tab in counted if tab[2]))


def _approval(batch: ImportBatch) -> Approval | None:
    return Approval.objects.filter(
        act=END_MANY,
        object_kind="import_batch",
        object_id=str(batch.number),
        state=ApprovalState.OPEN.value,
    ).first()


def _words(batch: ImportBatch, organization: Organization, rows: list[BatchChange]) -> Words:
    doubtful = [row.after["row"] for row in rows if row.after and row.after.get("row")]
    ids = {row.person_id for row in rows if row.person_id is not None}
    ids |= {pk for said in doubtful for pk in said["people"]}
    people = Person.objects.filter(pk__in=ids).values_list("pk", "external_id", "name", "public_id")
    places = doubtful and [said for said in doubtful if "path" in said]
    departments = Department.objects.order_by("key") if places else Department.objects.none()
    stored = [
        (pk, (str(public), key))
        for pk, public, key in departments.values_list("pk", "public_id", "key")
    ]
    return Words(
        people={pk: (f"{external} · {name}", str(public)) for pk, external, name, public in people},
        departments=[pair for _, pair in stored],
        alike=dict(stored),
        grace_days=organization.grace_days,
        last_day=_day(batch.as_of, organization),
        ends=bool(batch.options.get("end_absent")),
    )


def _day(when: datetime, organization: Organization) -> date:
    return when.astimezone(ZoneInfo(organization.time_zone)).date()
