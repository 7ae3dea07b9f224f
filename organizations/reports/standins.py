"""Who stands in for whom, as members see it of themselves."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from organizations.calculations.members import STAND_IN_ROLES
from organizations.models import Membership, StandIn, User


@dataclass(frozen=True, kw_only=True)
class StandInLine:
    """One absence: who is away, who stands in, first and last day."""

    public_id: UUID
    away: str
    delegate: str
    first: date
    last: date
    running: bool


@dataclass(frozen=True, kw_only=True)
class OwnStandIns:
    """mine: while I am away; others: for whom I stand in. Running and coming ones."""

    mine: tuple[StandInLine, ...]
    others: tuple[StandInLine, ...]


def own_stand_ins(*, user: User, today: date) -> OwnStandIns:
    """In the organization in force."""
    rows = [
        (row, _line(row, today))
        for row in _not_over(today)
        .filter(Q(user=user) | Q(delegate=user))
        .select_related("user", "delegate")
    ]
    return OwnStandIns(
        mine=tuple(line for row, line in rows if row.user_id == user.pk),
        others=tuple(line for row, line in rows if row.user_id != user.pk),
    )


def stand_in_choices(*, user: User, today: date) -> QuerySet[User]:
    """Members who may stand in for somebody: those with a role that decides, by name."""
    roles = [role.value for role in STAND_IN_ROLES]
    rows = Membership.objects.filter(Q(until=None) | Q(until__gte=today), role__in=roles)
    users = User.objects.filter(pk__in=rows.values("user_id"), is_active=True)
    return users.exclude(pk=user.pk).order_by("name", "pk")


def stand_ins_by_user(*, user_ids: list[int], today: date) -> dict[int, StandInLine]:
    """The running absence of each of these members, or the next one."""
    rows = _not_over(today).filter(user__in=user_ids).select_related("user", "delegate")
    found: dict[int, StandInLine] = {}
    for row in rows:
        found.setdefault(row.user_id, _line(row, today))
    return found


def _not_over(today: date) -> QuerySet[StandIn]:
    return StandIn.objects.filter(span__endswith__gt=today).order_by("span", "pk")


def _line(row: StandIn, today: date) -> StandInLine:
    return StandInLine(
        public_id=row.public_id,
        away=row.user.name,
        delegate=row.delegate.name,
        first=row.span.lower,
        last=row.span.upper - timedelta(days=1),
        running=row.span.lower <= today,
    )
