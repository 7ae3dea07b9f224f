"""A vendor's own number of active people beside ours, and what lies between the two.

Both are of one initiative and four whole weeks. Ours is stored: people who were eligible and active
in at least one of the weeks. Nothing is told of fewer than k people.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateRange

from adoption.calculations.reconcile import (
    BLOCK_WEEKS,
    FEWEST_ELIGIBLE,
    Step,
    blocks_until,
    told_steps,
)
from adoption.calculations.weeks import MASK_WEEKS, week_index
from adoption.models import AdoptionState, SourceWeek, WeekMask
from adoption.querysets.accounts import Account, accounts
from organizations.calculations.subjects import NO_PERSON
from organizations.models import Employment, Leave, Organization, Subject
from portfolio.models import Initiative
from ui.formats import integer

BLOCKS: Final = 3
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What can be compared: initiatives, sources that named anybody, first days of blocks."""

    initiatives: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    blocks: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One comparison. total: what the vendor shows; read: where it was read."""

    initiative: str
    source: str
    first: date
    total: int
    read: str = ""

    @property
    def last(self) -> date:
        return self.first + BLOCK_WEEKS * WEEK - DAY


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """What a vendor may count although no row of use here says so. These do not add up.

    The first three are accounts, None where they are 1 to k-1.
    """

    named: int | None
    withdrawn: int | None
    other_grain: int | None
    unsettled_days: int
    silent_weeks: int


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """ours: None where fewer than 50 people are eligible, and then nothing else is told.

    accounts: those with use in the source's rows; None, with the steps, where what lies between
    concerns fewer than k people. The steps lead from the accounts to ours.
    """

    asked: Asked
    name: str
    ours: int | None
    accounts: int | None
    steps: tuple[Step, ...]
    beyond: Beyond | None

    @property
    def missing(self) -> int | None:
        """What the vendor counts and no row here names; below 0: rows name more."""
        return None if self.accounts is None else self.asked.total - self.accounts

    @property
    def added(self) -> int:
        """How many more the rows here name than the vendor counts."""
        return max(-(self.missing or 0), 0)

    @property
    def title(self) -> str:
        """The finding: by how much the two differ."""
        if self.ours is None:
            return f"{self.name} has too few people to compare"
        apart = self.asked.total - self.ours
        if not apart:
            return f"Both count {integer(self.ours)} active people in {self.name}"
        more = "more" if apart > 0 else "fewer"
        return f"The vendor counts {integer(abs(apart))} {more} than the {integer(self.ours)} here"


def load_choices(*, organization: Organization) -> Choices:
    """What the organization in force can compare; no blocks before the first refresh."""
    return Choices(
        initiatives=tuple(Initiative.objects.order_by("name").values_list("key", "name")),
        sources=tuple(
            Subject.objects.order_by("source").values_list("source", flat=True).distinct()
        ),
        blocks=_blocks(AdoptionState.objects.filter(organization=organization).first()),
    )


def reconcile(
    *, organization: Organization, asked: Asked, settles_after_days: int, now: datetime
) -> Reconciled:
    """Compare. `asked` names what `load_choices` offers."""
    initiative = Initiative.objects.get(key=asked.initiative)
    bits = _bits(AdoptionState.objects.get(organization=organization), asked.first)
    masks = _masks(initiative.pk, bits)
    if sum(bool(mask.eligible_mask & bits) for mask in masks) < FEWEST_ELIGIBLE:
        return Reconciled(
            asked=asked, name=initiative.name, ours=None, accounts=None, steps=(), beyond=None
        )
    found = accounts(
        source=asked.source, initiative_id=initiative.pk, first=asked.first, last=asked.last
    )
    active = {mask.person_id for mask in masks if mask.active_mask & bits}
    outside = {mask.person_id for mask in masks if mask.outside_mask & bits} - active
    steps = told_steps(
        steps=_steps(found, active=active, outside=outside, asked=asked), k=organization.k_min
    )
    told = steps is not None
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    return Reconciled(
        asked=asked,
        name=initiative.name,
        ours=len(active),
        accounts=sum(one.used for one in found) if told else None,
        steps=steps or (),
        beyond=_beyond(
            found,
            asked=asked,
            initiative_id=initiative.pk,
            unsettled=today - settles_after_days * DAY,
            k=organization.k_min,
        )
        if told
        else None,
    )


def _blocks(state: AdoptionState | None) -> tuple[date, ...]:
    if state is None or state.last_week is None:
        return ()
    found = blocks_until(week=state.last_week, most=BLOCKS)
    return tuple(first for first in found if first >= state.base_week)


def _bits(state: AdoptionState, first: date) -> int:
    place = week_index(monday=first, base=state.base_week)
    return ((1 << BLOCK_WEEKS) - 1) << min(place, MASK_WEEKS - BLOCK_WEEKS)


def _masks(initiative_id: int, bits: int) -> list[WeekMask]:
    masks = WeekMask.objects.filter(initiative_id=initiative_id)
    return [m for m in masks if (m.eligible_mask | m.active_mask | m.outside_mask) & bits]


def _steps(
    found: Collection[Account],
    *,
    active: Collection[int],
    outside: Collection[int],
    asked: Asked,
) -> list[Step]:
    """From accounts with use to people who were eligible and active."""
    used = [one for one in found if one.used]
    nobody = sum(one.kind in NO_PERSON for one in used)
    linked = [one for one in used if one.kind not in NO_PERSON and one.people]
    people = {person for one in linked for person in one.people or ()}
    away = people & set(outside)
    left = away - _held(Employment, away, asked)
    leave = (away - left) & _held(Leave, away, asked)
    uncounted = people - set(active) - away
    return [
        Step(words="Services and hidden accounts", count=-nobody, private=False),
        Step(words="Unmatched accounts", count=len(linked) + nobody - len(used), private=False),
        Step(words="Several accounts of one person", count=len(people) - len(linked)),
        Step(words="Not employed in these weeks", count=-len(left)),
        Step(words="On leave, and used it", count=-len(leave)),
        Step(words="Used it without access, or in the grace", count=-len(away - left - leave)),
        Step(words="Use of weeks that are not counted yet", count=-len(uncounted)),
        Step(words="Active by another source", count=len(set(active) - people)),
    ]


def _held(model: type[Employment | Leave], people: Collection[int], asked: Asked) -> set[int]:
    """Of these people those with such a span in the weeks asked for."""
    weeks = DateRange(asked.first, asked.last + DAY)
    rows = model.objects.filter(person_id__in=people, span__overlap=weeks)
    return set(rows.values_list("person_id", flat=True))


def _beyond(
    found: Collection[Account], *, asked: Asked, initiative_id: int, unsettled: date, k: int
) -> Beyond:
    """unsettled: from this day on figures may still change."""
    others = [one for one in found if not one.used]
    silent = SourceWeek.objects.filter(
        initiative_id=initiative_id, week__range=(asked.first, asked.last), state="no_data"
    )
    return Beyond(
        named=_told(sum(one.named for one in others), k),
        withdrawn=_told(sum(one.withdrawn for one in others), k),
        other_grain=_told(sum(one.other_grain for one in others), k),
        unsettled_days=min(max((asked.last - unsettled).days + 1, 0), BLOCK_WEEKS * 7),
        silent_weeks=silent.count(),
    )


def _told(count: int, k: int) -> int | None:
    return None if 0 < count < k else count
