"""Change how an organization works: its name, its days, its money, its rules."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from organizations.actions.tenant import UnknownTimeZone
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.settings import (
    FIRST_MONTH,
    LAST_MONTH,
    LONGEST_GRACE,
    known_time_zone,
)
from organizations.dirty import EVERYBODY, ask_refresh, mark_span
from organizations.errors import Conflict, LastMileError
from organizations.models import JobRole, Organization


class BadSetting(LastMileError):
    code = "bad_setting"


@dataclass(frozen=True, kw_only=True)
class General:
    """The general settings as they shall be. grace_days: days; currency: three letters."""

    name: str
    time_zone: str
    currency: str
    fiscal_start_month: int
    grace_days: int
    require_mfa: bool


@transaction.atomic
def change_settings(
    *, organization_id: int, wanted: General, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Make them so; the names of the fields that changed, none where all was so before.

    Raises BadSetting, UnknownTimeZone, Conflict when money in the old currency is stored.
    """
    _check(wanted)
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    changes = _differences(organization, wanted)
    if not changes:
        return ()
    if "currency" in changes:
        _refuse_if_priced()
    for name, (_, new) in changes.items():
        setattr(organization, name, new)
    organization.save(update_fields=list(changes))
    if "grace_days" in changes:
        count_everybody_again(organization_id=organization_id, now=now)
    record(
        organization_id=organization_id,
        actor=actor,
        action="settings.changed",
        object_kind="organization",
        object_id=organization.public_id,
        changes={name: list(pair) for name, pair in changes.items()},
        now=now,
    )
    return tuple(changes)


def count_everybody_again(*, organization_id: int, now: datetime) -> None:
    """Mark every week of everybody out of date, and ask for the refresh that mends them."""
    mark_span(organization_id=organization_id, person_ids=[EVERYBODY], groups=True)
    ask_refresh(organization_id=organization_id, now=now)


def _differences(organization: Organization, wanted: General) -> dict[str, tuple[Any, Any]]:
    return {
        name: (getattr(organization, name), new)
        for name, new in asdict(wanted).items()
        if getattr(organization, name) != new
    }


def _check(wanted: General) -> None:
    if not known_time_zone(wanted.time_zone):
        raise UnknownTimeZone(
            f"{wanted.time_zone[:40]} is not a known time zone.",
            field="time_zone",
            remedy="Choose one of the list, such as Europe/Berlin.",
        )
    if not wanted.name.strip():
        raise BadSetting("The organization needs a name.", field="name")
    if not FIRST_MONTH <= wanted.fiscal_start_month <= LAST_MONTH:
        raise BadSetting("A year has the months 1 to 12.", field="fiscal_start_month")
    if not 0 <= wanted.grace_days <= LONGEST_GRACE:
        raise BadSetting(f"The grace is between 0 and {LONGEST_GRACE} days.", field="grace_days")


def _refuse_if_priced() -> None:
    """Initiatives and facts carry the currency they were stated in; prices of hours do not."""
    if JobRole.objects.filter(hour_price__isnull=False).exists():
        raise Conflict(
            "Hour prices are stored in the old currency.",
            field="currency",
            remedy="Download them, empty them, change the currency, then enter the new ones.",
        )
