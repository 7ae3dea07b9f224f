"""The adoption page: one group, one initiative or all, week by week."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from adoption.calculations.states import State
from adoption.calculations.weeks import complete_week
from adoption.reports.figures import Change, Figure, FigureStatus, change_between
from adoption.reports.freshness import (
    Freshness,
    count_unmatched,
    load_freshness,
    load_sources,
)
from adoption.reports.initiatives import Choice, Offer, load_offer
from adoption.reports.places import Key, Place, View, hierarchy_of, view_of
from adoption.reports.ranges import DEFAULT, Range, range_of
from adoption.reports.tables import (
    ANY_INITIATIVE,
    Detail,
    Tables,
    WeekTable,
    load_detail,
    load_tables,
    weeks_with_data,
)
from adoption.reports.where import Origins, origins
from adoption.reports.wording import STATE_WORDS, Finding, Situation, title
from organizations.models import Organization
from organizations.permissions import Member


@dataclass(frozen=True, kw_only=True)
class Point:
    """One week of the line chart."""

    week: date
    active: Figure
    habitual: Figure


@dataclass(frozen=True, kw_only=True)
class StateCount:
    label: str
    meaning: str
    people: int


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """One group or initiative in the latest week, and how it changed."""

    name: str
    path: str | None
    leads_on: bool
    active: Figure
    since_before: Change
    since_first: Change


@dataclass(frozen=True, kw_only=True)
class Latest:
    """The newest week with data, and the two weeks it is compared with."""

    week: date
    before: date | None
    first: date | None
    is_current: bool
    active: Figure
    habitual: Figure
    established: Figure
    everybody: Figure | None
    states: tuple[StateCount, ...] | None
    lapsed: int | None
    never: int | None
    tried_once: int | None
    outside: int | None

    @property
    def ends(self) -> date:
        """The Sunday of the week."""
        return self.week + timedelta(days=6)

    @property
    def detail_status(self) -> str:
        """The sign of the counts that only larger groups have."""
        if self.active.is_known and self.states is None:
            return FigureStatus.SUPPRESSED
        return self.active.sign


@dataclass(frozen=True, kw_only=True)
class AdoptionReport:
    """All that the page, its file and its chart say. Figures are suppressed already."""

    title: str
    situation: Situation
    place: Place | None
    crumbs: tuple[Place, ...]
    initiative: Choice | None
    departments: tuple[Place, ...]
    initiatives: tuple[Choice, ...]
    sees_everything: bool
    range: Range
    points: tuple[Point, ...]
    latest: Latest | None
    parts: tuple[PartRow, ...]
    initiative_rows: tuple[PartRow, ...]
    unmatched: int | None
    sources: tuple[str, ...]
    freshness: Freshness | None
    origins: Origins

    @property
    def partial_weeks(self) -> tuple[date, ...]:
        """Weeks whose shares are lower bounds."""
        return tuple(point.week for point in self.points if point.active.at_least)

    @property
    def hides_parts(self) -> bool:
        return any(row.active.status is FigureStatus.SUPPRESSED for row in self.parts)


def adoption_report(
    *,
    organization: Organization,
    member: Member,
    department_key: str | None = None,
    initiative_key: str | None = None,
    weeks: str = DEFAULT,
    today: date,
    now: datetime,
) -> AdoptionReport:
    """What a member may see of a department's use of an initiative (None: of all there is).

    ``weeks`` is a choice of ``ranges``; ``today`` is the day in the organization's time zone.
    Without a department: everybody, or the first of the member's own. Raises NotFound for what is
    not there or not theirs to see, UnknownRange.
    """
    view = view_of(member=member, hierarchy=hierarchy_of(organization_name=organization.name))
    key = view.choose(department_key)
    offer = load_offer(initiative_key=initiative_key)
    chosen = range_of(choice=weeks, organization_id=organization.pk, today=today)
    freshness = load_freshness(organization_id=organization.pk, now=now)
    page = _Page(
        organization=organization,
        view=view,
        key=key,
        offer=offer,
        range=chosen,
        freshness=freshness,
        last=complete_week(today=today),
    )
    return page.report()


@dataclass(frozen=True, kw_only=True)
class _Page:
    """What was asked for, looked up; knows how to fill the answer."""

    organization: Organization
    view: View
    key: Key | None
    offer: Offer
    range: Range
    freshness: Freshness | None
    last: date

    def report(self) -> AdoptionReport:
        if self.key is None:
            return self._without_figures(Situation.NO_DEPARTMENT)
        if self.freshness is None or self.freshness.data_through is None:
            return self._without_figures(Situation.NOTHING_YET)
        tables = self._load(self.range.weeks, [self._initiative_id])
        known = weeks_with_data(
            tables=tables, weeks=self.range.weeks, initiative_id=self._initiative_id
        )
        if not known:
            return self._without_figures(Situation.NO_DATA)
        return self._with_figures(self.key, tables, known)

    @property
    def _initiative_id(self) -> int:
        return self.offer.chosen.pk if self.offer.chosen else ANY_INITIATIVE

    def _load(self, weeks: tuple[date, ...], initiative_ids: list[int]) -> Tables:
        return load_tables(
            weeks=weeks,
            initiative_ids=initiative_ids,
            hierarchy=self.view.hierarchy,
            k=self.organization.k_min,
        )

    def _without_figures(self, situation: Situation) -> AdoptionReport:
        return self._filled(
            situation=situation,
            finding=self._finding(situation),
            points=(),
            latest=None,
            parts=(),
            initiative_rows=(),
        )

    def _with_figures(self, key: Key, tables: Tables, known: tuple[date, ...]) -> AdoptionReport:
        points = tuple(
            _point(tables.of(week, self._initiative_id), key) for week in self.range.weeks
        )
        latest = self._latest(key, tables, known, points)
        situation = _situation(latest.active)
        return self._filled(
            situation=situation,
            finding=self._finding(situation, latest=latest, points=points),
            points=points,
            latest=latest,
            parts=self._parts(key, tables, latest),
            initiative_rows=self._initiative_rows(key, latest),
        )

    def _finding(
        self,
        situation: Situation,
        *,
        latest: Latest | None = None,
        points: tuple[Point, ...] = (),
    ) -> Finding:
        place = self._place
        first = latest.first if latest else None
        return Finding(
            who=None if place is None or place.is_everybody else place.name,
            what=self.offer.chosen.name if self.offer.chosen else "AI",
            situation=situation,
            weeks=len(self.range.weeks),
            is_current=latest is not None and latest.is_current,
            latest=latest.week if latest else None,
            active=latest.active if latest else None,
            first=first,
            first_active=next((p.active for p in points if p.week == first), None),
        )

    def _filled(
        self,
        *,
        situation: Situation,
        finding: Finding,
        points: tuple[Point, ...],
        latest: Latest | None,
        parts: tuple[PartRow, ...],
        initiative_rows: tuple[PartRow, ...],
    ) -> AdoptionReport:
        everything = self.view.is_everything
        return AdoptionReport(
            title=title(finding=finding),
            situation=situation,
            place=self._place,
            crumbs=self.view.crumbs(self.key) if self.key else (),
            initiative=self.offer.chosen,
            departments=self.view.choices(),
            initiatives=self.offer.choices,
            sees_everything=everything,
            range=self.range,
            points=points,
            latest=latest,
            parts=parts,
            initiative_rows=initiative_rows,
            unmatched=count_unmatched() if everything else None,
            sources=load_sources(),
            freshness=self.freshness,
            origins=origins(grace_days=self.organization.grace_days, k=self.organization.k_min),
        )

    @property
    def _place(self) -> Place | None:
        return self.view.hierarchy.place(self.key) if self.key else None

    def _latest(
        self,
        key: Key,
        tables: Tables,
        known: tuple[date, ...],
        points: tuple[Point, ...],
    ) -> Latest:
        week = known[-1]
        table = tables.of(week, self._initiative_id)
        detail = load_detail(
            table=table, initiative_id=self._initiative_id, key=key, k=self.organization.k_min
        )
        everybody = self.view.start() if self.view.is_everything else None
        return Latest(
            week=week,
            before=known[-2] if len(known) > 1 else None,
            first=next((p.week for p in points if p.active.is_known and p.week < week), None),
            is_current=week == self.last,
            active=table.active(key),
            habitual=table.habitual(key),
            established=table.established(key),
            everybody=table.active(everybody) if everybody and everybody != key else None,
            states=_states(detail),
            lapsed=detail.states[State.LAPSED] if detail else None,
            never=detail.states[State.NEVER] if detail else None,
            tried_once=detail.tried_once if detail else None,
            outside=detail.outside if detail else None,
        )

    def _parts(self, key: Key, tables: Tables, latest: Latest) -> tuple[PartRow, ...]:
        def at(week: date | None, child: Place) -> Figure | None:
            return tables.of(week, self._initiative_id).active(child.key) if week else None

        return tuple(
            _row(
                name=child.name,
                path=child.path,
                leads_on=child.is_department,
                active=tables.of(latest.week, self._initiative_id).active(child.key),
                before=at(latest.before, child),
                first=at(latest.first, child),
            )
            for child in self.view.hierarchy.children(key)
        )

    def _initiative_rows(self, key: Key, latest: Latest) -> tuple[PartRow, ...]:
        weeks = {latest.week, latest.before or latest.week, latest.first or latest.week}
        tables = self._load(tuple(sorted(weeks)), [choice.pk for choice in self.offer.choices])
        shown = [
            choice
            for choice in self.offer.choices
            if not choice.is_proposed or tables.of(latest.week, choice.pk).has_data
        ]

        def at(week: date | None, choice: Choice) -> Figure | None:
            return tables.of(week, choice.pk).active(key) if week else None

        return tuple(
            _row(
                name=choice.name,
                path=choice.key,
                leads_on=True,
                active=tables.of(latest.week, choice.pk).active(key),
                before=at(latest.before, choice),
                first=at(latest.first, choice),
            )
            for choice in shown
        )


def _situation(active: Figure) -> Situation:
    return {
        FigureStatus.KNOWN: Situation.FIGURES,
        FigureStatus.SUPPRESSED: Situation.SUPPRESSED,
        FigureStatus.UNKNOWN: Situation.NO_ELIGIBLE,
        FigureStatus.NO_DATA: Situation.NO_DATA,
    }[active.status]


def _point(table: WeekTable, key: Key) -> Point:
    return Point(week=table.week, active=table.active(key), habitual=table.habitual(key))


def _states(detail: Detail | None) -> tuple[StateCount, ...] | None:
    if detail is None:
        return None
    return tuple(
        StateCount(label=label, meaning=meaning, people=detail.states[state])
        for state, (label, meaning) in STATE_WORDS.items()
    )


def _row(
    *,
    name: str,
    path: str | None,
    leads_on: bool,
    active: Figure,
    before: Figure | None,
    first: Figure | None,
) -> PartRow:
    return PartRow(
        name=name,
        path=path,
        leads_on=leads_on,
        active=active,
        since_before=change_between(before=before, after=active),
        since_first=change_between(before=first, after=active),
    )
