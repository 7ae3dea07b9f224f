"""The log of requests about people's data."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from organizations.calculations.choices import RequestKind, RequestState
from organizations.models import Approval, DataRequest, Person

PER_PAGE = 50
KINDS = {
    RequestKind.ERASE: "Erasure",
    RequestKind.EXPORT: "Copy of the data",
    RequestKind.CORRECT: "Correction",
}
STATES = {
    RequestState.ASKED: "Waits for an administrator",
    RequestState.APPROVING: "Waits for a second administrator",
    RequestState.DONE: "Done",
    RequestState.DECLINED: "Declined",
}
_TONES = {RequestState.DONE: "ok", RequestState.DECLINED: "line"}
_OPEN = (RequestState.ASKED.value, RequestState.APPROVING.value)
HEADER = ("request", "kind", "state", "asked on", "due on", "closed on")


@dataclass(frozen=True, kw_only=True)
class RequestLine:
    """One request in words."""

    request: DataRequest
    who: str
    kind: str
    state: str
    tone: str
    is_open: bool
    is_late: bool
    approval: Approval | None = None


@dataclass(frozen=True, kw_only=True)
class RequestsPage:
    title: str
    lines: tuple[RequestLine, ...]
    page: Page[DataRequest]
    only: str


def requests_page(*, only: str, number: str | None, today: date) -> RequestsPage:
    """The log, newest first. only: "open", "closed" or "" for all."""
    rows = _rows(only)
    page = Paginator(rows, PER_PAGE).get_page(number)
    waiting = DataRequest.objects.filter(state__in=_OPEN)
    late = waiting.filter(due_on__lt=today).count()
    return RequestsPage(
        title=_title(waiting.count(), late),
        lines=_lines(page, today),
        page=page,
        only=only,
    )


def find_request(*, public_id: uuid.UUID) -> DataRequest | None:
    rows = DataRequest.objects.select_related("person__user", "asked_by")
    return rows.filter(public_id=public_id).first()


def find_person(*, named: str) -> Person | None:
    """The one person with this address or external id, erased ones apart."""
    living = Person.objects.filter(erased_at=None)
    by_address = living.filter(email__iexact=named.strip())[:2]
    found = by_address if len(by_address) == 1 else living.filter(external_id=named.strip())[:2]
    return found[0] if len(found) == 1 else None


def request_line(row: DataRequest, *, today: date, approval: Approval | None = None) -> RequestLine:
    """A request as the page says it; an approval that was declined makes it wait again."""
    state = RequestState(row.state)
    if state is RequestState.APPROVING and approval is None:
        state = RequestState.ASKED
    is_open = row.state in _OPEN
    late = is_open and row.due_on < today
    tone = "danger" if late else _TONES.get(state, "warn")
    return RequestLine(
        request=row,
        who=row.person.name,
        kind=KINDS[RequestKind(row.kind)],
        state=STATES[state],
        tone=tone,
        is_open=is_open,
        is_late=late,
        approval=approval,
    )


def open_approval(*, asked: DataRequest) -> Approval | None:
    """What a second administrator has still to sign."""
    found = Approval.objects.filter(
        object_kind="data_request", object_id=str(asked.public_id), state="open"
    )
    return found.select_related("proposed_by").first()


def request_rows(*, only: str) -> Iterator[tuple[object, ...]]:
    """The log as a table, without names: a request is known by its id."""
    for row in _rows(only):
        done = row.done_at.date() if row.done_at else ""
        yield str(row.public_id), row.kind, row.state, row.asked_at.date(), row.due_on, done


def _rows(only: str) -> QuerySet[DataRequest]:
    rows = DataRequest.objects.select_related("person", "asked_by").order_by("-asked_at", "-pk")
    if only == "open":
        return rows.filter(state__in=_OPEN)
    return rows.exclude(state__in=_OPEN) if only == "closed" else rows


def _lines(page: Page[DataRequest], today: date) -> tuple[RequestLine, ...]:
    ids = [str(row.public_id) for row in page]
    approvals = Approval.objects.filter(object_kind="data_request", object_id__in=ids, state="open")
    signing = {approval.object_id: approval for approval in approvals}
    return tuple(
        request_line(row, today=today, approval=signing.get(str(row.public_id))) for row in page
    )


def _title(waiting: int, late: int) -> str:
    if not waiting:
        return "No request about people's data is waiting"
    said = f"{waiting} {'request waits' if waiting == 1 else 'requests wait'}"
    return f"{said}, {late} of them past the due day" if late else f"{said}, none is late"
