"""The calendar of an organization: its working weekdays and its days off.

A week counts for somebody who could have worked on at least one of its working days (METHODS
3.1), and a week without a working day is skipped. So a change here makes weeks out of date.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from organizations.actions.settings import BadSetting, count_everybody_again
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.settings import DayOff
from organizations.errors import NotFound
from organizations.models import Holiday, Organization


@transaction.atomic
def set_working_days(
    *, organization_id: int, weekdays: Iterable[int], actor: Actor, now: datetime
) -> bool:
    """ISO weekdays, Monday is 1. False when they were so before. Raises BadSetting without any."""
    wanted = sorted(set(weekdays))
    if not wanted or not set(wanted) <= set(range(1, 8)):
        raise BadSetting("Choose at least one working day.", field="weekdays")
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    before = list(organization.working_days)
    if before == wanted:
        return False
    organization.working_days = wanted
    organization.save(update_fields=["working_days"])
    count_everybody_again(organization_id=organization_id, now=now)
    record(
        organization_id=organization_id,
        actor=actor,
        action="settings.working_days_changed",
        object_kind="organization",
        object_id=organization.public_id,
        changes={"working_days": [before, wanted]},
        now=now,
    )
    return True


@transaction.atomic
def add_holidays(
    *, organization_id: int, days: Iterable[DayOff], actor: Actor, now: datetime
) -> tuple[date, ...]:
    """Add days off; one that is known takes the new name. The days that are new or renamed."""
    wanted = {off.day: off.name for off in days}
    known = dict(Holiday.objects.filter(day__in=wanted).values_list("day", "name"))
    new = sorted(day for day in wanted if day not in known)
    renamed = sorted(day for day in known if known[day] != wanted[day])
    if not new and not renamed:
        return ()
    Holiday.objects.bulk_create(
        [
            Holiday(organization_id=organization_id, day=day, name=wanted[day])
            for day in (*new, *renamed)
        ],
        update_conflicts=True,
        unique_fields=["organization", "day"],
        update_fields=["name"],
    )
    if new:
        count_everybody_again(organization_id=organization_id, now=now)
    _record(organization_id, "settings.holidays_added", (*new, *renamed), actor, now)
    return (*new, *renamed)


@transaction.atomic
def remove_holiday(*, organization_id: int, day: date, actor: Actor, now: datetime) -> str:
    """Make it a working day again; its name, for those who want it back. Raises NotFound."""
    holiday = Holiday.objects.filter(day=day).first()
    if holiday is None:
        raise NotFound("There is no such day off.", remedy="Open the calendar again.")
    Holiday.objects.filter(pk=holiday.pk).delete()
    count_everybody_again(organization_id=organization_id, now=now)
    _record(organization_id, "settings.holiday_removed", (day,), actor, now)
    return holiday.name


def _record(
    organization_id: int, action: str, days: Iterable[date], actor: Actor, now: datetime
) -> None:
    record(
        organization_id=organization_id,
        actor=actor,
        action=action,
        object_kind="calendar",
        object_id="holidays",
        changes={"days": [day.isoformat() for day in days]},
        now=now,
    )
