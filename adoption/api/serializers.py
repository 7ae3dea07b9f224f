"""Adoption as the API tells it: every number is suppressed already, null where it is not told."""

from typing import Any

from rest_framework import serializers

from adoption.calculations.suppression import Dimension
from adoption.reports.figures import FigureStatus
from adoption.reports.weekly import WeeklyRow

FIELDS = (
    *("week", "group", "department", "initiative", "eligible", "active", "share"),
    *("habitual", "elig4", "status", "habitual_status", "at_least", "definition_version"),
)
GROUPS = (Dimension.ALL, Dimension.DEPARTMENT, Dimension.DIRECT, "no_department")


class WeeklySerializer(serializers.Serializer[Any]):
    """One group in one week. status says why numbers are null: suppressed, unknown or no_data."""

    week = serializers.DateField(help_text="Monday of the ISO week")
    group = serializers.ChoiceField(
        choices=[str(group) for group in GROUPS],
        help_text="all: everybody; department: with all below it; direct: the people directly in"
        " a department that has others below it",
    )
    department = serializers.CharField(allow_null=True, help_text='the path "A / B"')
    initiative = serializers.CharField(allow_null=True, help_text="null: any initiative")
    eligible = serializers.IntegerField(allow_null=True)
    active = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(allow_null=True, help_text="active / eligible, 0 to 1")
    habitual = serializers.IntegerField(allow_null=True)
    elig4 = serializers.IntegerField(allow_null=True, help_text="eligible in all of the last 4")
    status = serializers.ChoiceField(choices=[status.value for status in FigureStatus])
    habitual_status = serializers.CharField(help_text="of habitual and elig4, as in status")
    at_least = serializers.BooleanField(help_text="some initiatives sent no data: a lower bound")
    definition_version = serializers.CharField(allow_null=True)


def row_of(row: WeeklyRow) -> dict[str, Any]:
    """A row in the fields of the API."""
    return {
        "week": row.week,
        "group": row.group,
        "department": row.department,
        "initiative": row.initiative,
        "eligible": row.active.n,
        "active": row.active.k,
        "share": row.active.share,
        "habitual": row.habitual.k,
        "elig4": row.habitual.n,
        "status": row.active.status.value,
        "habitual_status": row.habitual.status.value,
        "at_least": row.active.at_least,
        "definition_version": row.definition_version,
    }
