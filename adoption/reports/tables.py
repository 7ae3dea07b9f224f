"""Group figures after suppression: the only way from the rollups to a page, a file or an answer.

Each week of each initiative is a table of its own. It is suppressed from the organization down,
whatever part of it is asked for, so that nobody's page hides or shows another cell than another's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeAlias

from adoption.calculations.states import State
from adoption.calculations.suppression import (
    Dimension,
    ShownCell,
    department_tree,
    suppress,
)
from adoption.models import GroupWeek, SourceWeek
from adoption.reports.figures import (
    SUPPRESSED,
    Coverage,
    Figure,
    FigureStatus,
    figure_of,
)
from adoption.reports.places import Hierarchy, Key

ANY_INITIATIVE = 0
_COUNTS = ("eligible", "active", "elig4", "habitual", "elig12", "established")

Counts: TypeAlias = dict[str, int]
Cells: TypeAlias = "dict[Any, ShownCell]"


@dataclass(frozen=True, kw_only=True)
class WeekTable:
    """One week of one initiative. Its counts stay private; the methods say what may be told."""

    week: date
    coverage: Coverage
    _direct: Mapping[int, Counts]
    _parents: Mapping[int, int | None]
    _k: int

    @property
    def has_data(self) -> bool:
        return self.coverage is not Coverage.NO_DATA

    def active(self, key: Key) -> Figure:
        """Active of eligible."""
        return figure_of(cell=self._active_cells.get(key), coverage=self.coverage)

    def habitual(self, key: Key) -> Figure:
        """Habitual of those eligible in the last four weeks."""
        return self._ruled(key, lambda: self._habitual_cells, "nobody eligible in all four weeks")

    def established(self, key: Key) -> Figure:
        """Established of those eligible in the last twelve weeks."""
        return self._ruled(
            key, lambda: self._established_cells, "nobody eligible in all twelve weeks"
        )

    def allows_detail(self, key: Key) -> bool:
        """May states, flow and outside use of the group be told?"""
        cell = self._active_cells.get(key)
        return self.has_data and cell is not None and cell.detail

    def _ruled(self, key: Key, cells: Any, nobody: str) -> Figure:
        active = self.active(key)
        if not active.is_known:
            return active
        if not self.allows_detail(key):
            return SUPPRESSED
        found = figure_of(cell=cells().get(key), coverage=self.coverage)
        if found.status is FigureStatus.UNKNOWN:
            return Figure(status=FigureStatus.UNKNOWN, k=0, n=0, why=nobody)
        return found

    @cached_property
    def _active_cells(self) -> Cells:
        return self._cells("eligible", "active")

    @cached_property
    def _habitual_cells(self) -> Cells:
        return self._cells("elig4", "habitual")

    @cached_property
    def _established_cells(self) -> Cells:
        return self._cells("elig12", "established")

    def _cells(self, whole: str, part: str) -> Cells:
        direct = {place: (row[whole], row[part]) for place, row in self._direct.items()}
        tree = department_tree(parents=self._parents, direct=direct)
        return suppress(tree=tree, k=self._k).flat()


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Tables by (week, initiative id); a pair that was not loaded is a fault of ours."""

    held: Mapping[tuple[date, int], WeekTable]

    def of(self, week: date, initiative_id: int) -> WeekTable:
        return self.held[week, initiative_id]


@dataclass(frozen=True, kw_only=True)
class Detail:
    """Counts of a group that is large enough for them. ``outside`` is None when it is 1 to k-1."""

    eligible: int
    states: Mapping[State, int]
    tried_once: int
    outside: int | None


def load_tables(
    *,
    weeks: Sequence[date],
    initiative_ids: Sequence[int],
    hierarchy: Hierarchy,
    k: int,
) -> Tables:
    """Tables of the organization in force for all pairs, in two queries."""
    wanted = [(week, initiative) for week in weeks for initiative in initiative_ids]
    counts: dict[tuple[date, int], dict[int, Counts]] = {pair: {} for pair in wanted}
    rows = GroupWeek.objects.filter(
        dimension=Dimension.DIRECT, week__in=weeks, initiative_id__in=initiative_ids
    ).values_list("week", "initiative_id", "group_id", *_COUNTS)
    for week, initiative, group, *values in rows:
        counts[week, initiative][group] = dict(zip(_COUNTS, values, strict=True))
    coverage = _coverage(weeks, initiative_ids)
    return Tables(
        held={
            (week, initiative): WeekTable(
                week=week,
                coverage=coverage.get((week, initiative), Coverage.NO_DATA),
                _direct=counts[week, initiative],
                _parents=hierarchy.parents,
                _k=k,
            )
            for week, initiative in wanted
        }
    )


def _coverage(
    weeks: Sequence[date], initiative_ids: Sequence[int]
) -> dict[tuple[date, int], Coverage]:
    rows = SourceWeek.objects.filter(week__in=weeks, initiative_id__in=initiative_ids)
    return {
        (week, initiative): Coverage(state)
        for week, initiative, state in rows.values_list("week", "initiative_id", "state")
    }


def load_detail(*, table: WeekTable, initiative_id: int, key: Key, k: int) -> Detail | None:
    """States and outside use of one group; None where they may not be told or are not there."""
    dimension, group = key
    row = GroupWeek.objects.filter(
        week=table.week, dimension=dimension, group_id=group, initiative_id=initiative_id
    ).first()
    if row is None or not table.allows_detail(key):
        return None
    return Detail(
        eligible=row.eligible,
        states={state: getattr(row, f"state_{state}") for state in State},
        tried_once=row.tried_once,
        outside=None if 0 < row.outside < k else row.outside,
    )


def weeks_with_data(
    *, tables: Tables, weeks: Sequence[date], initiative_id: int
) -> tuple[date, ...]:
    """The weeks in which the initiative's sources spoke, oldest first."""
    return tuple(week for week in weeks if tables.of(week, initiative_id).has_data)
