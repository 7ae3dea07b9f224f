"""The decision queue as its reader finds it: what waits, for whom, since when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.urls import Resolver404, resolve

from organizations.calculations.choices import ItemState
from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import LABELS, Role
from organizations.models import Membership, QueueItem, StandIn, User
from organizations.registry import QueueKind, queue_kinds

ITEMS_PER_PAGE = 50
HEADER = (
    *("kind", "what", "owner", "role", "delegate", "opened_at", "due_on", "age_days"),
    *("state", "outcome", "done_by", "done_at", "page"),
)


class Only(StrEnum):
    """What of the queue is asked for."""

    MINE = "mine"
    ROLE = "role"
    DELEGATED = "delegated"
    DONE = "done"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whose queue it is: a login, the roles it holds today, and the day."""

    user_id: int
    roles: frozenset[Role]
    today: date


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How much waits for somebody, and how much of it is overdue."""

    count: int
    overdue: int


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    """One item; `mine` says that the reader decides who does it."""

    public_id: UUID
    kind: QueueKind
    title: str
    detail: str
    url: str
    owner: str
    role: str
    delegate: str
    stands_in: bool
    mine: bool
    takes: bool
    puts_back: bool
    opened_at: datetime
    age_days: int
    due_on: date | None
    overdue: bool
    state: ItemState
    outcome: str
    done_by: str
    done_at: datetime | None

    @property
    def may_delegate(self) -> bool:
        return self.mine and self.kind.delegable

    @property
    def may_close(self) -> bool:
        return self.mine and self.kind.by_hand


@dataclass(frozen=True, kw_only=True)
class Group:
    kind: QueueKind
    lines: tuple[QueueLine, ...]


@dataclass(frozen=True, kw_only=True)
class QueueReport:
    """A page of the queue. waiting: all that waits for the reader, whatever the filter."""

    page: Page[QueueLine]
    groups: tuple[Group, ...]
    waiting: Waiting
    only: Only | None

    @property
    def title(self) -> str:
        """The finding."""
        count, late = self.waiting.count, self.waiting.overdue
        if not count:
            return "Nothing waits for you"
        words = "decision waits" if count == 1 else "decisions wait"
        return f"{count} {words} for you" + (f", {late} overdue" if late else "")


def waiting_for(*, reader: Reader) -> QuerySet[QueueItem]:
    """Open items that the reader, or somebody the reader stands in for today, has to do.

    An item of a role that another holder has taken waits for that holder alone.
    """
    return QueueItem.objects.filter(_waits_for(reader), state=ItemState.OPEN.value)


def waiting_counts(*, reader: Reader) -> Waiting:
    """How much waits. One query."""
    found = waiting_for(reader=reader).aggregate(
        count=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=reader.today))
    )
    return Waiting(**found)


def queue_report(*, reader: Reader, only: Only | None, page: str | int | None) -> QueueReport:
    """A page of the reader's queue: overdue first, then by kind, due day and age."""
    lines = queue_lines(reader=reader, only=only)
    shown: Page[QueueLine] = Paginator(lines, ITEMS_PER_PAGE).get_page(page)
    return QueueReport(
        page=shown,
        groups=_groups(list(shown.object_list)),
        waiting=waiting_counts(reader=reader),
        only=only,
    )


def queue_lines(*, reader: Reader, only: Only | None) -> list[QueueLine]:
    """Every line under a filter, in the order of the page."""
    items = _asked(reader, only).select_related("owner", "delegate", "done_by")
    away = frozenset(_away(reader).values_list("user_id", flat=True))
    lines = [_line(item, reader, away) for item in items]
    if only is Only.DONE:
        return lines
    return sorted(lines, key=_place)


def queue_rows(*, reader: Reader, only: Only | None) -> Iterator[tuple[Any, ...]]:
    """The lines as cells of a file."""
    for line in queue_lines(reader=reader, only=only):
        yield (
            *(line.kind.label, line.title, line.owner, line.role, line.delegate, line.opened_at),
            *(line.due_on, line.age_days, line.state.value, line.outcome, line.done_by),
            *(line.done_at, line.url),
        )


def item_for(*, reader: Reader, public_id: UUID) -> QueueItem | None:
    """An open item that the reader has to do or has delegated; None for everybody else's."""
    mine = _waits_for(reader) | Q(owner_id=reader.user_id)
    open_items = QueueItem.objects.filter(mine, state=ItemState.OPEN.value)
    return open_items.filter(public_id=public_id).distinct().first()


def line_of(*, item: QueueItem, reader: Reader) -> QueueLine:
    """What the reader may do with one item."""
    return _line(item, reader, frozenset(_away(reader).values_list("user_id", flat=True)))


def kind_of(kind: str) -> QueueKind:
    """The words of a kind; one whose app is gone is written from its own name."""
    plain = kind.replace("_", " ").capitalize()
    return queue_kinds.get(kind) or QueueKind(kind=kind, label=plain, order=999, delegable=False)


def roles_for(*, url: str) -> frozenset[Role]:
    """Roles that may open the page of an item; none for an address that is not there."""
    try:
        view = resolve(url.partition("?")[0]).func
    except Resolver404:
        return frozenset()
    return ALLOWED.get(getattr(view, "permission", ""), frozenset())


def delegates_for(*, item: QueueItem, today: date) -> QuerySet[User]:
    """Members who can do it: their role opens its page. Facilitators hold nothing."""
    able = roles_for(url=item.url) - {Role.FACILITATOR}
    live = Membership.objects.filter(Q(until=None) | Q(until__gte=today))
    rows = live.filter(role__in=[role.value for role in able])
    users = User.objects.filter(pk__in=rows.values("user_id"), is_active=True)
    return users.exclude(pk=item.owner_id or 0).order_by("name", "pk")


def local_today(*, time_zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(time_zone)).date()


def _away(reader: Reader) -> QuerySet[StandIn]:
    return StandIn.objects.filter(delegate_id=reader.user_id, span__contains=reader.today)


def _waits_for(reader: Reader) -> Q:
    away = _away(reader).values("user_id")
    held = Q(role__in=[role.value for role in reader.roles], owner=None)
    own = Q(owner_id=reader.user_id) | Q(delegate_id=reader.user_id)
    return own | held | Q(owner_id__in=away) | Q(delegate_id__in=away)


def _asked(reader: Reader, only: Only | None) -> QuerySet[QueueItem]:
    me, roles = reader.user_id, [role.value for role in reader.roles]
    items = QueueItem.objects.order_by("opened_at", "pk")
    if only is Only.DONE:
        own = Q(owner_id=me) | Q(delegate_id=me) | Q(done_by_id=me) | Q(role__in=roles)
        return items.filter(own).exclude(state=ItemState.OPEN.value).order_by("-done_at", "-pk")
    waiting = items.filter(state=ItemState.OPEN.value)
    if only is Only.MINE:
        return waiting.filter(Q(owner_id=me) | Q(delegate_id=me))
    if only is Only.ROLE:
        return waiting.filter(role__in=roles)
    if only is Only.DELEGATED:
        return waiting.filter(owner_id=me, delegate__isnull=False)
    return waiting.filter(_waits_for(reader))


def _line(item: QueueItem, reader: Reader, away: frozenset[int]) -> QueueLine:
    me = reader.user_id
    stands_in = me not in (item.owner_id, item.delegate_id) and bool(
        {item.owner_id, item.delegate_id} & away
    )
    of_role = bool(item.role) and item.role in {role.value for role in reader.roles}
    is_open = item.state == ItemState.OPEN
    mine = item.owner_id == me or item.owner_id in away or (of_role and item.owner_id is None)
    return QueueLine(
        public_id=item.public_id,
        kind=kind_of(item.kind),
        title=item.title,
        detail=item.detail,
        url=item.url,
        owner=item.owner.name if item.owner else "",
        role=LABELS[Role(item.role)] if item.role else "",
        delegate=item.delegate.name if item.delegate else "",
        stands_in=stands_in,
        mine=is_open and mine,
        takes=is_open and of_role and item.owner_id is None,
        puts_back=is_open and bool(item.role) and item.owner_id == me,
        opened_at=item.opened_at,
        age_days=max(0, (reader.today - item.opened_at.date()).days),
        due_on=item.due_on,
        overdue=is_open and item.due_on is not None and item.due_on < reader.today,
        state=ItemState(item.state),
        outcome=item.outcome,
        done_by=item.done_by.name if item.done_by else "",
        done_at=item.done_at,
    )


def _place(line: QueueLine) -> tuple[Any, ...]:
    return (
        *(not line.overdue, line.kind.order, line.kind.kind),
        *(line.due_on or date.max, line.opened_at, str(line.public_id)),
    )


def _groups(lines: list[QueueLine]) -> tuple[Group, ...]:
    """Lines by kind, in the order in which the kinds first appear."""
    kinds = {line.kind.kind: line.kind for line in lines}
    return tuple(
        Group(kind=kind, lines=tuple(line for line in lines if line.kind.kind == key))
        for key, kind in kinds.items()
    )
