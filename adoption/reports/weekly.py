"""Rows by week and group: what the file of the page and the answer of the API are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from adoption.calculations.suppression import Dimension
from adoption.reports.adoption import AdoptionReport
from adoption.reports.figures import Figure, FigureStatus
from adoption.reports.freshness import load_version
from adoption.reports.initiatives import Choice, load_offer
from adoption.reports.places import ALL, WITHOUT, Hierarchy, Key, Place, hierarchy_of
from adoption.reports.ranges import weeks_back
from adoption.reports.tables import ANY_INITIATIVE, Tables, load_tables
from organizations.models import Organization
from ui.tables import SUPPRESSED, UNKNOWN, Cell

# Files are written whole; longer answers come in pages.
MOST_ROWS: Final = 100_000
MOST_WEEKS: Final = 520
NO_DATA: Final = "no data"
NO_ELIGIBLE: Final = "no eligible people"
HEADER: Final = (
    "week",
    "group",
    "department",
    "initiative",
    "eligible",
    "active",
    "weekly active share",
    "eligible in all 4 weeks",
    "habitual",
    "habitual share",
    "status",
    "definition version",
)
_WORDS: Final = {
    FigureStatus.SUPPRESSED: SUPPRESSED,
    FigureStatus.UNKNOWN: NO_ELIGIBLE,
    FigureStatus.NO_DATA: NO_DATA,
}


@dataclass(frozen=True, kw_only=True)
class WeeklyRow:
    """One group in one week. ``department`` is None for everybody and for no department."""

    week: date
    group: str
    name: str
    department: str | None
    initiative: str | None
    active: Figure
    habitual: Figure
    definition_version: str | None

    @property
    def status(self) -> str:
        return self.active.status.value


@dataclass(frozen=True, kw_only=True)
class WeeklyPage:
    """Whole weeks of rows, oldest first; ``next_week`` starts the next page."""

    rows: tuple[WeeklyRow, ...]
    next_week: date | None


def weekly_page(
    *,
    organization: Organization,
    department_key: str | None,
    initiative_key: str | None,
    weeks: Sequence[date],
    limit: int,
) -> WeeklyPage:
    """Rows of a department and all below it (None: of the whole organization).

    ``limit`` is how many rows a page aims at; it always holds whole weeks and at least one. Raises
    NotFound for a department or an initiative that is not there.
    """
    hierarchy = hierarchy_of(organization_name=organization.name)
    key = ALL if department_key is None else hierarchy.find(department_key)
    chosen = load_offer(initiative_key=initiative_key).chosen
    places = list(hierarchy.everything(key))
    count = max(1, limit // len(places))
    tables = _load(organization, hierarchy, weeks[:count], chosen)
    rows = _rows(
        places=places,
        weeks=weeks[:count],
        tables=tables,
        initiative=chosen,
        version=load_version(organization_id=organization.pk),
    )
    return WeeklyPage(rows=tuple(rows), next_week=weeks[count] if len(weeks) > count else None)


def export_rows(
    *, organization: Organization, report: AdoptionReport
) -> Iterator[tuple[Cell, ...]]:
    """The figures of the page for a file: its group and its parts in every week of its range."""
    if report.place is None:
        return
    hierarchy = hierarchy_of(organization_name=organization.name)
    places = [report.place, *hierarchy.children(report.place.key)]
    tables = _load(organization, hierarchy, report.range.weeks, report.initiative)
    version = report.freshness.definition_version if report.freshness else None
    for row in _rows(
        places=places,
        weeks=report.range.weeks,
        tables=tables,
        initiative=report.initiative,
        version=version,
    ):
        yield _cells(row)


def every_row(
    *, organization: Organization, weeks: Sequence[date], initiative: Choice | None
) -> Iterator[tuple[Cell, ...]]:
    """All groups in these weeks, for one initiative or for any (None)."""
    hierarchy = hierarchy_of(organization_name=organization.name)
    for row in _rows(
        places=list(hierarchy.everything(ALL)),
        weeks=weeks,
        tables=_load(organization, hierarchy, weeks, initiative),
        initiative=initiative,
        version=load_version(organization_id=organization.pk),
    ):
        yield _cells(row)


def weeks_between(*, first: date | None, last: date | None, until: date) -> tuple[date, ...]:
    """Mondays from ``first`` to ``last``, at most to ``until``; by default the 13 up to the end."""
    end = min(last or until, until)
    if first is None:
        return weeks_back(count=13, until=end)
    return weeks_back(count=max((end - first).days // 7 + 1, 0), until=end)


def _load(
    organization: Organization, hierarchy: Hierarchy, weeks: Sequence[date], chosen: Choice | None
) -> Tables:
    return load_tables(
        weeks=weeks,
        initiative_ids=[chosen.pk if chosen else ANY_INITIATIVE],
        hierarchy=hierarchy,
        k=organization.k_min,
    )


def _rows(
    *,
    places: Sequence[Place],
    weeks: Sequence[date],
    tables: Tables,
    initiative: Choice | None,
    version: str | None,
) -> Iterator[WeeklyRow]:
    for week in weeks:
        table = tables.of(week, initiative.pk if initiative else ANY_INITIATIVE)
        for place in places:
            yield WeeklyRow(
                week=week,
                group=_group(place.key),
                name=place.name,
                department=place.path,
                initiative=initiative.key if initiative else None,
                active=table.active(place.key),
                habitual=table.habitual(place.key),
                definition_version=version,
            )


def _group(key: Key) -> str:
    return "no_department" if key == WITHOUT else Dimension(key[0]).value


def _cells(row: WeeklyRow) -> tuple[Cell, ...]:
    habitual = row.habitual
    return (
        row.week,
        row.name,
        row.department or "",
        row.initiative or "any",
        _count(row.active, row.active.n),
        _count(row.active, row.active.k),
        _share(row.active),
        _count(habitual, habitual.n),
        _count(habitual, habitual.k),
        _share(habitual),
        "at least" if row.active.at_least else row.status,
        row.definition_version or UNKNOWN,
    )


def _count(figure: Figure, count: int | None) -> Cell:
    return count if count is not None else _WORDS[figure.status]


def _share(figure: Figure) -> Cell:
    return round(figure.share, 4) if figure.share is not None else _WORDS[figure.status]
