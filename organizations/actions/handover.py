"""End a membership and hand over what it held, in one step.

What a member may hold is registered by every floor (registry.holdings).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from organizations.actions.members import end_membership
from organizations.actions.queue import Ask, NotAMember, ask, settle
from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.choices import ItemState
from organizations.calculations.roles import Role
from organizations.errors import LastMileError
from organizations.models import (
    Employment,
    Membership,
    Organization,
    Person,
    QueueItem,
    User,
)
from organizations.registry import QueueKind, holdings

HAND_OVER = "hand_over"
HAND_OVER_KIND = QueueKind(kind=HAND_OVER, label="Hand-overs", order=30, icon="swap", by_hand=True)


class SuccessorMissing(LastMileError):
    code = "successor_missing"


@dataclass(frozen=True, kw_only=True)
class Held:
    """What somebody holds of one kind, by name."""

    kind: str
    label: str
    titles: tuple[str, ...]


def held_by(*, user_id: int) -> tuple[Held, ...]:
    """Everything registered that a login holds in the organization in force; kinds without any
    are left out."""
    found = (
        Held(
            kind=holding.kind,
            label=holding.label,
            titles=tuple(holding.titles(user_id=user_id)),
        )
        for holding in sorted(holdings.values(), key=lambda one: (one.order, one.kind))
    )
    return tuple(held for held in found if held.titles)


@transaction.atomic
def hand_over(
    *,
    organization: Organization,
    user: User,
    successors: Mapping[str, User],
    actor: Actor,
    today: date,
    now: datetime,
) -> dict[str, int]:
    """Take every role away and give what the member held to the successors, by kind of holding.

    Runs inside the organization. Returns how many of each kind went over. Raises SuccessorMissing,
    NotAMember for a successor who is none, LastAdministrator, and what a holding refuses.
    """
    held = held_by(user_id=user.pk)
    for one in held:
        _check_successor(one, user, successors, today)
    counts = {
        one.kind: holdings[one.kind].hand_over(
            user_id=user.pk, to_id=successors[one.kind].pk, actor=actor, now=now
        )
        for one in held
    }
    changes = {
        "handed_over": counts,
        "to": {one.kind: str(successors[one.kind].public_id) for one in held},
    }
    if Membership.objects.filter(user=user).exists():
        end_membership(organization=organization, user=user, actor=actor, changes=changes, now=now)
    else:
        record(
            organization_id=organization.pk,
            actor=actor,
            action="membership.handed_over",
            object_kind="user",
            object_id=user.public_id,
            changes=changes,
            now=now,
        )
    _settle(organization.pk, user, "handed over", actor, now, ItemState.DONE)
    return counts


def _check_successor(held: Held, user: User, successors: Mapping[str, User], today: date) -> None:
    successor = successors.get(held.kind)
    if successor is None or successor.pk == user.pk:
        raise SuccessorMissing(
            f"Choose who takes over: {held.label.lower()}.", field=f"to_{held.kind}"
        )
    if not live_members(today=today).filter(pk=successor.pk).exists():
        raise NotAMember(
            f"{successor.name} is no member here.",
            field=f"to_{held.kind}",
            remedy="Choose somebody else.",
        )


def live_members(*, today: date) -> QuerySet[User]:
    """Logins with a role that lasts, in the organization in force; facilitators hold nothing."""
    rows = Membership.objects.filter(Q(until=None) | Q(until__gte=today)).exclude(
        role=Role.FACILITATOR.value
    )
    users = User.objects.filter(pk__in=rows.values("user_id"), is_active=True)
    return users.order_by("name", "pk")


def ask_to_hand_over(*, organization_id: int, user: User, why: str, now: datetime) -> None:
    """Put it before the administrators. Runs inside the organization."""
    ask(
        organization_id=organization_id,
        asked=Ask(
            kind=HAND_OVER,
            object_kind="user",
            object_id=user.public_id,
            title=f"Hand over what {user.name} holds",
            detail=why,
            url=reverse("member_leave", args=[user.public_id]),
            role=Role.ADMINISTRATOR,
        ),
        now=now,
    )


@transaction.atomic
def notice_leavers(*, organization_id: int, now: datetime) -> int:
    """A step of the night: whoever left the directory, or whose last role ended and who still
    holds something, is put before the administrators. Returns how many; who came back is settled.
    """
    organization = Organization.objects.get(pk=organization_id)
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    gone = {user.pk: "Left the directory" for user in _left_the_directory(today)}
    for user in _ended(today):
        if user.pk not in gone and held_by(user_id=user.pk):
            gone[user.pk] = "The last role here has ended"
    for user in User.objects.filter(pk__in=gone).order_by("pk"):
        ask_to_hand_over(organization_id=organization_id, user=user, why=gone[user.pk], now=now)
    _settle_returned(organization_id, today, gone, now)
    return len(gone)


def _left_the_directory(today: date) -> QuerySet[User]:
    """Members whose person was employed once, is not today, and does not come back."""
    stays = Employment.objects.filter(person=OuterRef("pk"))
    left = Person.objects.filter(Exists(stays), user__isnull=False).exclude(
        Exists(stays.filter(Q(span__contains=today) | Q(span__startswith__gt=today)))
    )
    members = live_members(today=today)
    return members.filter(pk__in=left.values("user_id"))


def _ended(today: date) -> QuerySet[User]:
    """Logins all of whose roles here are over."""
    rows = Membership.objects.values("user_id")
    lasting = Membership.objects.filter(Q(until=None) | Q(until__gte=today)).values("user_id")
    return User.objects.filter(pk__in=rows).exclude(pk__in=lasting).order_by("pk")


def _settle_returned(
    organization_id: int, today: date, gone: Mapping[int, str], now: datetime
) -> None:
    here = live_members(today=today).exclude(pk__in=gone)
    waiting = QueueItem.objects.filter(kind=HAND_OVER, state=ItemState.OPEN.value)
    ids = set(waiting.values_list("object_id", flat=True))
    for user in here.filter(public_id__in=ids) if ids else ():
        _settle(organization_id, user, "came back", SYSTEM, now, ItemState.WITHDRAWN)


def _settle(
    organization_id: int, user: User, outcome: str, actor: Actor, now: datetime, state: ItemState
) -> None:
    settle(
        organization_id=organization_id,
        kind=HAND_OVER,
        object_kind="user",
        object_id=user.public_id,
        outcome=outcome,
        actor=actor,
        now=now,
        state=state,
    )
