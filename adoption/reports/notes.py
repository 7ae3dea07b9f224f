"""Departments and the whole organization carry notes, which stand on the chart of their page."""

from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from adoption.calculations.suppression import Dimension
from adoption.reports.places import ALL, Key, Place, hierarchy_of, view_of
from organizations.models import Department, Organization
from organizations.permissions import Member
from organizations.registry import Notable
from organizations.reports.notes import NoteLine
from ui.charts.line import Mark
from ui.formats import short_date

ORGANIZATION, DEPARTMENT = "organization", "department"
WEEK = timedelta(days=7)


def noted(*, place: Place | None, organization: Organization) -> tuple[str, str] | None:
    """Kind and id under which notes of a group are kept; None where a group has none."""
    if place is None:
        return None
    if place.is_everybody:
        return ORGANIZATION, str(organization.public_id)
    if not place.is_department:
        return None
    public_id = Department.objects.values_list("public_id", flat=True).get(pk=place.key[1])
    return DEPARTMENT, str(public_id)


def marks(*, notes: Sequence[NoteLine], weeks: Sequence[date]) -> tuple[Mark, ...]:
    """Notes of the shown weeks as marks of the chart, oldest first.

    A week's point stands on its Monday, so a Thursday is three sevenths of the way to the next.
    """
    found = []
    for note in sorted(notes, key=lambda one: one.day):
        week = note.day - timedelta(days=note.day.weekday())
        if week in weeks:
            place = min(weeks.index(week) + note.day.weekday() / 7, len(weeks) - 1)
            found.append(Mark(place=place, label=short_date(note.day), words=note.text))
    return tuple(found)


def _department(object_id: str) -> Department | None:
    try:
        public_id = UUID(object_id)
    except ValueError:
        return None
    return Department.objects.filter(public_id=public_id).first()


def _department_title(*, object_id: str) -> str | None:
    found = _department(object_id)
    return found.key if found else None


def _department_url(*, object_id: str) -> str:
    found = _department(object_id)
    query = f"?{urlencode({'department': found.key})}" if found else ""
    return reverse("adoption") + query


def _sees_department(*, member: Member, object_id: str) -> bool:
    found = _department(object_id)
    return found is not None and _holds(member, (Dimension.DEPARTMENT, found.pk))


def _holds(member: Member, key: Key) -> bool:
    hierarchy = hierarchy_of(organization_name=member.organization.name)
    return member.may("see_adoption") and view_of(member=member, hierarchy=hierarchy).holds(key)


def _organization_title(*, object_id: str) -> str | None:
    try:
        found = Organization.objects.filter(public_id=UUID(object_id)).first()
    except ValueError:
        return None
    return found.name if found else None


def _organization_url(*, object_id: str) -> str:
    return reverse("adoption")


def _sees_organization(*, member: Member, object_id: str) -> bool:
    return object_id == str(member.organization.public_id) and _holds(member, ALL)


NOTABLES = (
    Notable(
        kind=ORGANIZATION,
        title=_organization_title,
        url=_organization_url,
        may_see=_sees_organization,
    ),
    Notable(
        kind=DEPARTMENT,
        title=_department_title,
        url=_department_url,
        may_see=_sees_department,
    ),
)
