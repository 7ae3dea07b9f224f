"""A person's own usage: shown to that person and to nobody else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from django.db.models import QuerySet

from adoption.calculations.states import State, person_weeks
from adoption.calculations.suppression import Dimension
from adoption.calculations.weeks import (
    Bools,
    complete_week,
    unpack,
    week_index,
    weeks_with_work,
)
from adoption.models import AdoptionState, PersonWeek, SourceWeek, WeekMask
from adoption.reports.figures import Coverage, Figure
from adoption.reports.freshness import Freshness, load_freshness, load_sources
from adoption.reports.initiatives import Choice, load_offer
from adoption.reports.places import Key, Place, hierarchy_of
from adoption.reports.ranges import weeks_back
from adoption.reports.tables import ANY_INITIATIVE, load_tables
from adoption.reports.where import Origins, origins
from adoption.reports.wording import STATE_WORDS, counted
from organizations.models import Organization, PersonDepartment
from organizations.permissions import Member
from organizations.reports.calendar import holidays
from ui.tables import Cell

CHART_WEEKS: Final = 12
RECENT_WEEKS: Final = 4
UNLINKED: Final = "No usage can be shown for this login"
MONDAY_TO_FRIDAY: Final = frozenset({1, 2, 3, 4, 5})
# The refresh keeps in the highest bit of a mask whether somebody was eligible before the base week.
BEFORE_BIT: Final = 62
HEADER: Final = ("week", "initiative", "days with use", "uses", "counts as use")


@dataclass(frozen=True, kw_only=True)
class OwnWeek:
    """Days with use of the initiative used most that week; None where sources were silent.

    A known 0 says that sources spoke and named no use.
    """

    week: date
    days: int | None
    used: bool
    is_running: bool

    @property
    def is_known(self) -> bool:
        return self.days is not None or self.used


@dataclass(frozen=True, kw_only=True)
class OwnInitiative:
    """One initiative in the last four complete weeks. ``days`` and ``uses`` None: not stated."""

    name: str
    days: int | None
    uses: int | None
    weeks_used: int | None
    first_week: date | None
    may_use: bool
    is_known: bool

    @property
    def why(self) -> str:
        """Why a figure may be missing."""
        return "its source does not say" if self.is_known else "no data"

    @property
    def note(self) -> str:
        if not self.may_use:
            return "Not open to you in the last week"
        return "" if self.first_week else "You may use it, and have not"


@dataclass(frozen=True, kw_only=True)
class OwnGroup:
    """The figure of the person's own department, suppressed as everywhere."""

    place: Place
    week: date
    active: Figure


@dataclass(frozen=True, kw_only=True)
class MyUsage:
    """All that is stored about one person's use. ``is_linked`` False: no person, so nothing."""

    title: str
    is_linked: bool
    sources: tuple[str, ...]
    freshness: Freshness | None
    origins: Origins
    weeks: tuple[OwnWeek, ...] = ()
    initiatives: tuple[OwnInitiative, ...] = ()
    state: State | None = None
    weeks_used: int = 0
    weeks_known: int = 0
    group: OwnGroup | None = None

    @property
    def weeks_used_known(self) -> int | None:
        return self.weeks_used if self.weeks_known else None

    @property
    def state_word(self) -> str | None:
        return STATE_WORDS[self.state][0] if self.state else None

    @property
    def state_meaning(self) -> str | None:
        return STATE_WORDS[self.state][1] if self.state else None

    @property
    def has_use(self) -> bool:
        return any(week.used for week in self.weeks) or bool(self.initiatives)


def my_usage(*, organization: Organization, member: Member, today: date, now: datetime) -> MyUsage:
    """The usage of the person behind this login, never of another one.

    ``today`` is the day in the organization's time zone.
    """
    nothing = MyUsage(
        title=UNLINKED,
        is_linked=False,
        sources=load_sources(),
        freshness=load_freshness(organization_id=organization.pk, now=now),
        origins=origins(grace_days=organization.grace_days, k=organization.k_min),
    )
    if member.person_id is None:
        return nothing
    own = _Own(
        organization=organization,
        person_id=member.person_id,
        last=complete_week(today=today),
        frame=AdoptionState.objects.filter(organization_id=organization.pk).first(),
    )
    weeks = own.weeks()
    recent = [week for week in weeks if not week.is_running][-RECENT_WEEKS:]
    known = [week for week in recent if week.is_known]
    return replace(
        nothing,
        title=_title(known),
        is_linked=True,
        weeks=weeks,
        initiatives=own.initiatives(),
        state=own.state(),
        weeks_used=sum(week.used for week in known),
        weeks_known=len(known),
        group=own.group(today=today) if member.may("see_adoption") else None,
    )


def own_rows(*, person_id: int | None) -> Iterator[tuple[Cell, ...]]:
    """Everything counted per week about one person, newest week first."""
    if person_id is None:
        return
    names = {choice.pk: choice.name for choice in load_offer(initiative_key=None).choices}
    rows = PersonWeek.objects.filter(person_id=person_id).exclude(initiative_id=ANY_INITIATIVE)
    for row in rows.order_by("-week", "initiative_id"):
        yield (row.week, names[row.initiative_id], row.active_days, row.interactions, row.used)


def _title(known: Sequence[OwnWeek]) -> str:
    if not known:
        return "Nothing is known of your use in the last four weeks"
    used = sum(week.used for week in known)
    last = f"the last {counted(len(known))}" if len(known) > 1 else "the last week"
    if used == 0:
        return f"No use of AI is recorded for you in {last}"
    if used < len(known):
        return f"You used AI in {used} of {last}"
    return f"You used AI in every one of {last}" if used > 1 else f"You used AI in {last}"


@dataclass(frozen=True, kw_only=True)
class _Own:
    """One person's rows."""

    organization: Organization
    person_id: int
    last: date
    frame: AdoptionState | None

    def weeks(self) -> tuple[OwnWeek, ...]:
        shown = weeks_back(count=CHART_WEEKS + 1, until=self.last + timedelta(weeks=1))
        spoken = set(
            SourceWeek.objects.filter(week__in=shown, initiative_id=ANY_INITIATIVE)
            .exclude(state=Coverage.NO_DATA)
            .values_list("week", flat=True)
        )
        rows: dict[date, list[PersonWeek]] = {week: [] for week in shown}
        for row in self._person_weeks().filter(week__in=shown):
            rows[row.week].append(row)
        return tuple(
            _own_week(week, rows[week], spoke=week in spoken, last=self.last) for week in shown
        )

    def initiatives(self) -> tuple[OwnInitiative, ...]:
        """What the person ever used, and what was open to them in the last week; by name."""
        rows: dict[int, list[PersonWeek]] = {}
        for row in self._person_weeks().filter(week__lte=self.last):
            rows.setdefault(row.initiative_id, []).append(row)
        recent = weeks_back(count=RECENT_WEEKS, until=self.last)
        spoken = set(
            SourceWeek.objects.filter(week__in=recent, state=Coverage.COMPLETE).values_list(
                "initiative_id", flat=True
            )
        )
        open_to = self._open_to()
        return tuple(
            _own_initiative(
                choice,
                rows.get(choice.pk, []),
                since=recent[0],
                may_use=choice.pk in open_to,
                spoke=choice.pk in spoken,
            )
            for choice in load_offer(initiative_key=None).choices
            if choice.pk in rows or choice.pk in open_to
        )

    def _open_to(self) -> set[int]:
        """Initiatives the person was eligible for in the last computed week."""
        if self.frame is None or self.frame.last_week is None:
            return set()
        bit = week_index(monday=self.frame.last_week, base=self.frame.base_week)
        masks = WeekMask.objects.filter(person_id=self.person_id)
        found = masks.values_list("initiative_id", "eligible_mask")
        return {initiative for initiative, mask in found if mask >> bit & 1}

    def state(self) -> State | None:
        """The state in the last computed week; None where the person was not eligible."""
        frame = self.frame
        mask = WeekMask.objects.filter(
            person_id=self.person_id, initiative_id=ANY_INITIATIVE
        ).first()
        if frame is None or frame.last_week is None or mask is None:
            return None
        width = week_index(monday=frame.last_week, base=frame.base_week) + 1
        counted_weeks = person_weeks(
            eligible=_bits(mask.eligible_mask, width),
            used=_bits(mask.active_mask, width) | _bits(mask.outside_mask, width),
            data=_data_weeks(frame=frame, width=width, working_days=self.organization.working_days),
            used_before=np.array([mask.used_before]),
            habit_before=np.array([mask.habit_before]),
            eligible_before=np.array([bool(mask.eligible_mask >> BEFORE_BIT & 1)]),
        )
        return counted_weeks.state(person=0, week=width - 1)

    def group(self, *, today: date) -> OwnGroup | None:
        """The person's department of today, in the last complete week."""
        department = (
            PersonDepartment.objects.filter(person_id=self.person_id, span__contains=today)
            .values_list("department_id", flat=True)
            .first()
        )
        if department is None:
            return None
        hierarchy = hierarchy_of(organization_name=self.organization.name)
        key: Key = (Dimension.DEPARTMENT, department)
        tables = load_tables(
            weeks=[self.last],
            initiative_ids=[ANY_INITIATIVE],
            hierarchy=hierarchy,
            k=self.organization.k_min,
        )
        return OwnGroup(
            place=hierarchy.place(key),
            week=self.last,
            active=tables.of(self.last, ANY_INITIATIVE).active(key),
        )

    def _person_weeks(self) -> QuerySet[PersonWeek]:
        rows = PersonWeek.objects.filter(person_id=self.person_id)
        return rows.exclude(initiative_id=ANY_INITIATIVE).order_by("week", "initiative_id")


def _own_week(week: date, rows: Sequence[PersonWeek], *, spoke: bool, last: date) -> OwnWeek:
    days = [row.active_days for row in rows if row.active_days is not None]
    used = any(row.used for row in rows)
    # Days of several initiatives may be the same days, so they are not added up.
    silent = not rows and not spoke
    unsaid = used and not days
    return OwnWeek(
        week=week,
        days=None if silent or unsaid else max(days, default=0),
        used=used,
        is_running=week > last,
    )


def _own_initiative(
    choice: Choice, rows: Sequence[PersonWeek], *, since: date, may_use: bool, spoke: bool
) -> OwnInitiative:
    recent = [row for row in rows if row.week >= since]
    used = [row for row in rows if row.used]
    is_known = spoke or bool(recent)
    return OwnInitiative(
        name=choice.name,
        days=_sum([row.active_days for row in recent]) if is_known else None,
        uses=_sum([row.interactions for row in recent]) if is_known else None,
        weeks_used=sum(row.used for row in recent) if is_known else None,
        first_week=used[0].week if used else None,
        may_use=may_use,
        is_known=is_known,
    )


def _sum(stated: Sequence[int | None]) -> int | None:
    """The sum of what was stated; None when something was left unsaid, for that is not zero."""
    known = [value for value in stated if value is not None]
    return sum(known) if len(known) == len(stated) else None


def _bits(mask: int, width: int) -> Bools:
    return unpack(masks=np.array([mask], dtype=np.int64), weeks=width)


def _data_weeks(*, frame: AdoptionState, width: int, working_days: Sequence[int]) -> Bools:
    working = weeks_with_work(
        base=frame.base_week,
        weeks=width,
        working_days=frozenset(working_days) or MONDAY_TO_FRIDAY,
        holidays=holidays(),
    )
    spoken = SourceWeek.objects.filter(
        initiative_id=ANY_INITIATIVE, week__gte=frame.base_week, week__lte=frame.last_week
    ).exclude(state=Coverage.NO_DATA)
    data = np.zeros(width, dtype=np.bool_)
    for week in spoken.values_list("week", flat=True):
        data[week_index(monday=week, base=frame.base_week)] = True
    return data & working
