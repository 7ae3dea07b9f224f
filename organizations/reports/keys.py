"""API keys as pages show them: never more than their public part."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet, Sum

from organizations.calculations.roles import Scope
from organizations.models import ApiKey, KeyDay, KeyMinute, Membership, User
from ui.charts.bars import Bar, BarChart, bar_chart
from ui.formats import integer, short_date

QUIET_AFTER = timedelta(days=30)
ENDS_SOON = timedelta(days=14)

SCOPE_WORDS = {
    Scope.INGEST_USAGE: "Send usage",
    Scope.INGEST_PEOPLE: "Send people and departments",
    Scope.INGEST_INITIATIVES: "Send initiatives",
    Scope.INGEST_ELIGIBILITY: "Send who may use what",
    Scope.READ_ADOPTION: "Read adoption figures",
    Scope.READ_PORTFOLIO: "Read initiatives",
    Scope.READ_SPRINT: "Read the sprint",
    Scope.READ_BATCHES: "Read its batches and their row errors",
    Scope.READ_QUEUE: "Read what waits, without names",
}


class KeyState(StrEnum):
    ACTIVE = "active"
    NEW = "new"
    QUIET = "quiet"
    ENDS_SOON = "ends soon"
    ENDED = "ended"
    REVOKED = "revoked"


TONES = {
    KeyState.ACTIVE: "ok",
    KeyState.NEW: "info",
    KeyState.QUIET: "warn",
    KeyState.ENDS_SOON: "warn",
    KeyState.ENDED: "line",
    KeyState.REVOKED: "line",
}


@dataclass(frozen=True, kw_only=True)
class KeyLine:
    public_id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    pinned_source: str
    pinned_initiative: str
    last_used_on: date | None
    expires_on: date
    state: KeyState
    days_left: int
    owner: str = ""

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def words(self) -> str:
        if self.state is KeyState.ENDS_SOON:
            return f"Ends in {self.days_left} {'day' if self.days_left == 1 else 'days'}"
        if self.state is KeyState.NEW:
            return "Never used"
        return self.state.value.capitalize()

    @property
    def live(self) -> bool:
        return self.state not in (KeyState.ENDED, KeyState.REVOKED)


def key_lines(*, today: date) -> tuple[KeyLine, ...]:
    """Keys of the organization in force, live ones first, then the newest. One query."""
    keys = ApiKey.objects.select_related("owner", "created_by").order_by("-created_at", "-pk")
    lines = (_line(key, today) for key in keys)
    return tuple(sorted(lines, key=lambda line: not line.live))


def _line(key: ApiKey, today: date) -> KeyLine:
    return KeyLine(
        public_id=key.public_id,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(key.scopes),
        pinned_source=key.pinned_source,
        pinned_initiative=key.pinned_initiative,
        last_used_on=key.last_used_on,
        expires_on=key.expires_on,
        state=_state(key, today),
        days_left=(key.expires_on - today).days,
        owner=told.name if (told := key.owner or key.created_by) else "",
    )


def _state(key: ApiKey, today: date) -> KeyState:
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if key.expires_on < today:
        return KeyState.ENDED
    if key.expires_on - today <= ENDS_SOON:
        return KeyState.ENDS_SOON
    if key.last_used_on is None:
        return KeyState.NEW
    return KeyState.QUIET if today - key.last_used_on > QUIET_AFTER else KeyState.ACTIVE


# --- one key ------------------------------------------------------------------------------------
DAYS_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class DayOfUse:
    """A day (UTC), the requests of it, and the network the last of them came from."""

    day: date
    requests: int
    network: str


@dataclass(frozen=True, kw_only=True)
class KeyReport:
    """One key, with its use of the last 30 days, newest day first; days without use are left out.

    follows and followed_by: the key it replaced, and the one that replaced it.
    """

    line: KeyLine
    days: tuple[DayOfUse, ...]
    chart: BarChart
    total: int
    follows: ApiKey | None
    followed_by: ApiKey | None

    @property
    def title(self) -> str:
        """The finding: what it did in 30 days, or that it is over."""
        if not self.line.live:
            return f"{self.line.name} is {self.line.state.value}"
        if not self.total:
            return f"{self.line.name} sent nothing in the last 30 days"
        return f"{self.line.name}: {integer(self.total)} requests in the last 30 days"


def key_report(*, key: ApiKey, today: date, now: datetime) -> KeyReport:
    """What the page of one key of the organization in force shows."""
    days = days_of_use(key=key, now=now)
    return KeyReport(
        line=_line(key, today),
        days=tuple(sorted(days.values(), key=lambda one: one.day, reverse=True)),
        chart=_chart(days, last=now.astimezone(UTC).date()),
        total=sum(one.requests for one in days.values()),
        follows=key.follows,
        followed_by=ApiKey.objects.filter(follows=key).first(),
    )


def days_of_use(*, key: ApiKey, now: datetime) -> dict[date, DayOfUse]:
    """The last 30 days (UTC) with a request: what was added up, and the minutes not yet added."""
    first = now.astimezone(UTC).date() - timedelta(days=DAYS_SHOWN - 1)
    days = {
        row.day: DayOfUse(day=row.day, requests=row.requests, network=row.network)
        for row in KeyDay.objects.filter(api_key=key, day__gte=first)
    }
    minutes = KeyMinute.objects.filter(api_key=key, minute__date__gte=first)
    for day, requests in minutes.values_list("minute__date").annotate(sum=Sum("requests")):
        known = days.get(day, DayOfUse(day=day, requests=0, network=""))
        days[day] = DayOfUse(day=day, requests=known.requests + requests, network=known.network)
    return {day: one for day, one in days.items() if one.requests}


def _chart(days: Mapping[date, DayOfUse], *, last: date) -> BarChart:
    shown = [last - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    counts = [days[day].requests if day in days else 0 for day in shown]
    bars = [
        Bar(label=short_date(day), value=count) for day, count in zip(shown, counts, strict=True)
    ]
    finding = f"{integer(sum(counts))} requests on {len(days)} of the last {DAYS_SHOWN} days"
    return bar_chart(bars=bars, top=max(*counts, 1), unit="requests", finding=finding)


def owners() -> QuerySet[User]:
    """Members of the organization in force who may be told of a key, by name."""
    memberships = Membership.objects.filter(user__is_active=True)
    return User.objects.filter(pk__in=memberships.values("user_id")).order_by("name", "pk")
