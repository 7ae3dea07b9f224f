"""While somebody is away, another member finds what waits for them as well."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations.actions.members import hold_members
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.members import LONGEST_STAND_IN
from organizations.errors import Conflict, LastMileError, NotFound
from organizations.models import Organization, StandIn, User
from organizations.reports.standins import stand_in_choices
from ui.formats import long_date


class BadSpan(LastMileError):
    code = "bad_span"


class BadStandIn(LastMileError):
    code = "bad_stand_in"


@dataclass(frozen=True, kw_only=True)
class Absence:
    """Somebody is away on these days, both included, and the delegate stands in."""

    user: User
    delegate: User
    first: date
    last: date

    @property
    def span(self) -> DateRange:
        return DateRange(self.first, self.last + timedelta(days=1))


@transaction.atomic
def stand_in(
    *, organization: Organization, absence: Absence, today: date, now: datetime
) -> StandIn:
    """Let somebody stand in for oneself. Ends by itself.

    Runs inside the organization. Raises BadSpan, BadStandIn for somebody who cannot do it, and
    Conflict where the days meet another absence of either.
    """
    _check_days(absence, today)
    # One at a time: two who name each other for the same week at once, and one is told.
    hold_members(organization_id=organization.pk)
    if not stand_in_choices(user=absence.user, today=today).filter(pk=absence.delegate.pk).exists():
        raise BadStandIn("Choose somebody of the list.", field="delegate")
    _check_free(absence)
    made = StandIn.objects.create(
        organization=organization,
        user=absence.user,
        delegate=absence.delegate,
        span=absence.span,
    )
    _record(made, "stand_in.named", now, to=str(absence.delegate.public_id))
    return made


def _check_days(absence: Absence, today: date) -> None:
    if absence.last < today:
        raise BadSpan("Those days are over.", field="last", remedy="Choose a later one.")
    if absence.last < absence.first:
        raise BadSpan("The last day comes before the first.", field="last")
    if absence.last - absence.first >= LONGEST_STAND_IN:
        raise BadSpan(
            f"At most {LONGEST_STAND_IN.days} days.",
            field="last",
            remedy="Who is away for longer hands over: ask an administrator.",
        )


def _check_free(absence: Absence) -> None:
    meeting = StandIn.objects.filter(span__overlap=absence.span)
    if own := meeting.filter(user=absence.user).select_related("delegate").first():
        raise Conflict(
            f"{own.delegate.name} stands in for you until {_last(own)} already.",
            field="first",
            remedy="End that first, or choose other days.",
        )
    # Nobody follows a second step: what waits would wait for nobody.
    if away := meeting.filter(user=absence.delegate).first():
        raise Conflict(
            f"{absence.delegate.name} is away until {_last(away)} then.",
            field="delegate",
            remedy="Choose somebody else.",
        )
    if busy := meeting.filter(delegate=absence.user).select_related("user").first():
        raise Conflict(
            f"You stand in for {busy.user.name} until {_last(busy)}.",
            field="first",
            remedy=f"Ask {busy.user.name} to choose somebody else first.",
        )


def _last(found: StandIn) -> str:
    return long_date(found.span.upper - timedelta(days=1))


@transaction.atomic
def end_stand_in(*, found: StandIn, user: User, today: date, now: datetime) -> None:
    """Back early: it ends yesterday, or never begins. Raises NotFound for somebody else's."""
    if found.user_id != user.pk:
        raise NotFound("There is no such stand-in of yours.")
    if found.span.lower >= today:
        StandIn.objects.filter(pk=found.pk).delete()
    else:
        StandIn.objects.filter(pk=found.pk).update(span=DateRange(found.span.lower, today))
    _record(found, "stand_in.ended", now)


def _record(found: StandIn, action: str, now: datetime, **more: str) -> None:
    record(
        organization_id=found.organization_id,
        actor=Actor(kind="user", id=found.user_id),
        action=action,
        object_kind="stand_in",
        object_id=found.public_id,
        changes={
            "first": found.span.lower.isoformat(),
            "last": (found.span.upper - timedelta(days=1)).isoformat(),
            **more,
        },
        now=now,
    )
