"""Adoption by week, group and initiative as a table of the data file, suppressed as on the page."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db.models import Max, Min

from adoption.models import GroupWeek
from adoption.reports.initiatives import load_offer
from adoption.reports.weekly import HEADER, every_row
from organizations.models import Organization
from organizations.registry import TableExport
from organizations.scope import current
from ui.tables import Cell

# Weeks held in memory at once.
WEEKS_AT_ONCE = 13
_WORDS = (
    "Monday of the week",
    "department, part of one, or the whole organization",
    "path of the department",
    "key of the initiative, or any",
    "people who could have used it",
    "of these, people who did",
    "active / eligible, 0 to 1",
    "eligible in all of the last four weeks",
    "of these, people who used it in three of them or more",
    "habitual / eligible in all four, 0 to 1",
    "known, suppressed, unknown, no_data, or at least (some source was silent)",
    "version of the definitions",
)


def _group_weeks() -> Iterator[Sequence[Cell]]:
    organization = Organization.objects.get(pk=current())
    reach = GroupWeek.objects.aggregate(first=Min("week"), last=Max("week"))
    if reach["first"] is None:
        return
    count = (reach["last"] - reach["first"]).days // 7 + 1
    weeks = [reach["first"] + timedelta(weeks=number) for number in range(count)]
    for initiative in (None, *load_offer(initiative_key=None).choices):
        for at in range(0, count, WEEKS_AT_ONCE):
            yield from every_row(
                organization=organization,
                weeks=weeks[at : at + WEEKS_AT_ONCE],
                initiative=initiative,
            )


TABLES = (
    TableExport(
        name="adoption_group_weeks",
        order=400,
        about="Adoption by week, group and initiative. Groups under the smallest size are hidden.",
        columns=dict(zip(HEADER, _WORDS, strict=True)),
        rows=_group_weeks,
    ),
)
