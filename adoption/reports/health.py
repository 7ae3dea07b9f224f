"""How the sources are: what each told last, how late it is, what was refused, where it was silent.

A source that tells nothing makes a week without data, which is nobody's lapse (METHODS 3.1).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Max, Min, Q, Sum
from django.db.models.functions import TruncDate

from adoption.calculations.health import (
    Health,
    SourceWeekDays,
    WeekState,
    allowed_lag,
    health_of,
    weeks_told,
)
from adoption.calculations.rates import share
from adoption.calculations.weeks import complete_week, week_of
from adoption.models import LIVE, SourceWeek, UsageFact
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.models import ImportBatch, Organization, Subject
from organizations.reports.subjects import open_subjects
from portfolio.calculations.stages import DEPLOYED
from portfolio.models import Initiative
from ui.formats import integer

WEEKS: Final = 13
RECENT_DAYS: Final = 28
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(weeks=1)
HEALTH_WORDS: Final = {
    Health.OK: "On time",
    Health.LATE: "Late",
    Health.SILENT: "Silent",
    Health.RESTING: "Not expected",
}
TONES: Final = {
    Health.OK: "ok",
    Health.LATE: "warn",
    Health.SILENT: "danger",
    Health.RESTING: "line",
}
_ORDER: Final = (Health.SILENT, Health.LATE, Health.OK, Health.RESTING)

# The form that any tool may write: its rows or its key name the source, its batches do not.
COMMON_FORM: Final = "canonical"

# (source, initiative id); 0: no row of it has named an initiative in these weeks.
Pair: TypeAlias = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """What is known of a source by its name. nightly: only a pull each night finds every day."""

    label: str
    settles_after_days: int
    nightly: bool = False


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Imports of one form for one initiative, or, where its rows name it, for all of them.

    number, at: the newest batch that was taken. Sums are those of the last 28 days; refused are
    bodies of which nothing was taken.
    """

    number: int | None = None
    at: datetime | None = None
    count: int = 0
    refused: int = 0
    received: int = 0
    rejected: int = 0

    @property
    def refused_share(self) -> float | None:
        return share(k=self.rejected, n=self.received)


@dataclass(frozen=True, kw_only=True)
class SourceLine:
    """One source and initiative. lag: days from the newest day it tells of to today.

    last, at: number and time of the newest batch with a row of it. shared: its rows name source or
    initiative, so the sums of batches are of all that come in the same form together.
    seen, unmatched: subjects of the source in the last 28 days. nights: distinct days on which its
    reports were made in the last 28, None where that does not matter.
    """

    source: str
    label: str
    initiative: Initiative | None
    health: Health
    newest: date | None
    lag: int | None
    allowed: int
    last: int | None
    at: datetime | None
    batches: Batches
    shared: bool
    seen: int
    unmatched: int
    nights: int | None
    weeks: tuple[SourceWeekDays, ...]

    @property
    def words(self) -> str:
        return HEALTH_WORDS[self.health]

    @property
    def tone(self) -> str:
        return TONES[self.health]

    @property
    def unmatched_share(self) -> float | None:
        return share(k=self.unmatched, n=self.seen)

    @property
    def gaps(self) -> int:
        return sum(week.state is WeekState.GAP for week in self.weeks)

    @property
    def spoken(self) -> str:
        """The finding of the line of weeks, for whoever cannot see it."""
        told = sum(week.state is WeekState.DATA for week in self.weeks)
        return f"{told} of {len(self.weeks)} weeks with data, {self.gaps} without"

    @property
    def points(self) -> list[float | None]:
        """Share of each week's days that were told of; None is a gap."""
        return [None if week.days is None else week.days / 7 for week in self.weeks]


@dataclass(frozen=True, kw_only=True)
class HealthReport:
    lines: tuple[SourceLine, ...]
    weeks: tuple[date, ...]

    @property
    def title(self) -> str:
        """The finding: how many of the sources that should tell are behind."""
        expected = [line for line in self.lines if line.health is not Health.RESTING]
        if not expected:
            return "No source tells of usage yet" if not self.lines else "No source is expected"
        found = [
            f"{integer(count)} {'is' if count == 1 else 'are'} {state.value}"
            for state in (Health.LATE, Health.SILENT)
            if (count := sum(line.health is state for line in expected))
        ]
        if not found:
            return "Every source is on time"
        noun = "source" if len(expected) == 1 else "sources"
        first, *rest = found
        number, verb = first.split(" ", 1)
        return " and ".join([f"{number} of {integer(len(expected))} {noun} {verb}", *rest])


@dataclass
class _Told:
    """What the facts of one pair say, gathered day by day."""

    newest: date = date.min
    period_days: int = 366
    batch_id: int = 0
    days: dict[date, set[date]] = field(default_factory=lambda: defaultdict(set))
    stated: set[date] = field(default_factory=set)

    def add(self, row: Mapping[str, Any]) -> None:
        start, end = row["period_start"], row["period_end"]
        self.newest = max(self.newest, end - DAY)
        self.period_days = min(self.period_days, (end - start).days)
        self.batch_id = max(self.batch_id, row["batch_id"])
        self.stated.add(row["stated"])
        if row["grain"] in ("day", "week"):
            # A week that begins on a Sunday belongs to the ISO week of its Monday.
            monday = week_of(day=start + DAY if row["grain"] == "week" else start)
            self.days[monday] |= {start + n * DAY for n in range((end - start).days)}


def health_report(
    *, organization: Organization, known: Mapping[str, Reporting], now: datetime
) -> HealthReport:
    """Every source of the organization in force, by initiative; those that are behind first.

    known: what is known of each source by name. A statement confirmed later counts for the later
    night, so nights are a lower bound where a report states no window.
    """
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    last = complete_week(today=today)
    weeks = tuple(last - (WEEKS - 1 - n) * WEEK for n in range(WEEKS))
    board = _Board(known=known, weeks=weeks, today=today, now=now)
    lines = sorted(
        (board.line(pair) for pair in board.pairs()),
        key=lambda line: (
            _ORDER.index(line.health),
            line.label,
            line.initiative.name if line.initiative else "",
        ),
    )
    return HealthReport(lines=tuple(lines), weeks=weeks)


class _Board:
    """Everything the lines are made of, each kind read once."""

    def __init__(
        self,
        *,
        known: Mapping[str, Reporting],
        weeks: tuple[date, ...],
        today: date,
        now: datetime,
    ) -> None:
        self._known, self._weeks, self._today = known, weeks, today
        self._since = today - RECENT_DAYS * DAY
        self._initiatives = Initiative.objects.in_bulk()
        self._told = _told(first=weeks[0])
        self._batches = _batches(since=now - RECENT_DAYS * DAY)
        self._newest = ImportBatch.objects.in_bulk({told.batch_id for told in self._told.values()})
        self._began = dict(
            SourceWeek.objects.filter(state="complete")
            .values_list("initiative_id")
            .annotate(Min("week"))
        )
        seen = Subject.objects.filter(last_seen__gt=self._since)
        self._seen = _by_source(seen)
        self._open = _by_source(open_subjects().filter(last_seen__gt=self._since))

    def pairs(self) -> set[Pair]:
        """What told something in these weeks, and what was ever imported by name."""
        ids = {one.key: one.pk for one in self._initiatives.values()}
        named = {(source, ids[key]) for source, key in self._batches if key in ids}
        found = named | set(self._told)
        forms = {self._form(source) for source, _ in found}
        return found | {(form, 0) for form, _ in self._batches if form not in forms}

    def _form(self, source: str) -> str:
        """What the batches of a source are kept under."""
        return source if source in self._known else COMMON_FORM

    def line(self, pair: Pair) -> SourceLine:
        source, initiative_id = pair
        initiative = self._initiatives.get(initiative_id)
        told = self._told.get(pair)
        reporting = self._known.get(source) or Reporting(label=source, settles_after_days=0)
        allowed = allowed_lag(
            period_days=told.period_days if told else 1,
            settles_after_days=reporting.settles_after_days,
        )
        lag = (self._today - told.newest).days if told else None
        form = self._form(source)
        own = self._batches.get((form, initiative.key)) if initiative else None
        batches = own or self._batches.get((form, "")) or Batches()
        newest = self._newest.get(told.batch_id) if told else None
        return SourceLine(
            source=source,
            label=reporting.label,
            initiative=initiative,
            health=health_of(
                lag=lag, allowed=allowed, in_use=initiative is None or initiative.stage in DEPLOYED
            ),
            newest=told.newest if told else None,
            lag=lag,
            allowed=allowed,
            last=newest.number if newest else batches.number,
            at=newest.received_at if newest else batches.at,
            batches=batches,
            shared=own is None,
            seen=self._seen.get(source, 0),
            unmatched=self._open.get(source, 0),
            nights=self._nights(told) if reporting.nightly else None,
            weeks=weeks_told(
                weeks=self._weeks,
                days=told.days if told else {},
                began=self._begun(initiative_id, told),
            ),
        )

    def _nights(self, told: _Told | None) -> int:
        return sum(self._since < day <= self._today for day in told.stated) if told else 0

    def _begun(self, initiative_id: int, told: _Told | None) -> date | None:
        """The first week of the initiative, or of these weeks while nothing is computed yet."""
        first = min(told.days, default=None) if told else None
        return min(filter(None, (self._began.get(initiative_id), first)), default=None)


def _told(*, first: date) -> dict[Pair, _Told]:
    """What the facts from a day on say, by source and initiative."""
    rows = (
        UsageFact.objects.filter(period_start__gte=first - DAY, state=LIVE)
        .values(
            "initiative_id",
            "period_start",
            "period_end",
            "grain",
            "batch_id",
            source=F("subject__source"),
            stated=TruncDate("as_of", tzinfo=UTC),
        )
        .distinct()
    )
    found: dict[Pair, _Told] = defaultdict(_Told)
    for row in rows.iterator(chunk_size=5_000):
        found[row["source"], row["initiative_id"]].add(row)
    return dict(found)


def _batches(*, since: datetime) -> dict[tuple[str, str], Batches]:
    """Batches by source and by the initiative that the request named; "" where it named none."""
    taken, recent = Q(state=BatchState.DONE), Q(received_at__gte=since)
    rows = (
        ImportBatch.objects.filter(kind=BatchKind.USAGE)
        .values("source", "initiative")
        .annotate(
            newest=Max("number", filter=taken),
            at=Max("received_at", filter=taken),
            count=Count("pk", filter=recent),
            refused=Count("pk", filter=recent & Q(state=BatchState.REFUSED)),
            all_rows=Sum("received", filter=recent, default=0),
            bad_rows=Sum("rejected", filter=recent, default=0),
        )
        .order_by()
    )
    return {
        (row["source"], row["initiative"]): Batches(
            number=row["newest"],
            at=row["at"],
            count=row["count"],
            refused=row["refused"],
            received=row["all_rows"],
            rejected=row["bad_rows"],
        )
        for row in rows
    }


def _by_source(subjects: Any) -> dict[str, int]:
    counted: Iterable[tuple[str, int]] = (
        subjects.order_by().values_list("source").annotate(Count("pk", distinct=True))
    )
    return dict(counted)
