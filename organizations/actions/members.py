"""Give, change and end what somebody may do in an organization.

Somebody is a member by rows of Membership, one for each role. What a role allows takes effect with
the next request, because every request reads the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from organizations.actions.holdings import pass_signatures_on
from organizations.actions.tenant import FacilitatorAlone, link_user
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.roles import Role, may_combine
from organizations.errors import LastMileError, NotFound
from organizations.models import (
    Department,
    Membership,
    MembershipDepartment,
    Organization,
    StandIn,
    User,
)
from organizations.reports.offers import longest_facilitation
from ui.formats import long_date


class LastAdministrator(LastMileError):
    code = "last_administrator"
    status = 409


class RolesMissing(LastMileError):
    code = "roles_missing"


class DepartmentMissing(LastMileError):
    code = "department_missing"


class TooLong(LastMileError):
    code = "facilitation_too_long"


class AlreadyOver(LastMileError):
    code = "already_over"


@dataclass(frozen=True, kw_only=True)
class RolesWanted:
    """What somebody shall hold: the roles, a champion's departments, the last day (None: none)."""

    roles: frozenset[Role]
    departments: tuple[Department, ...] = ()
    until: date | None = None


def check_roles(*, organization: Organization, wanted: RolesWanted, today: date) -> None:
    """Raises RolesMissing, FacilitatorAlone, DepartmentMissing, AlreadyOver or TooLong."""
    if not wanted.roles:
        raise RolesMissing("Choose at least one role.", field="roles")
    if not may_combine(wanted.roles):
        raise FacilitatorAlone(
            "A facilitator scores without stake and holds no other role here.", field="roles"
        )
    if Role.CHAMPION in wanted.roles and not wanted.departments:
        raise DepartmentMissing(
            "A champion stands for at least one department.",
            field="departments",
            remedy="Choose it below, or take the role away.",
        )
    if wanted.until is not None and wanted.until < today:
        raise AlreadyOver(
            "That day is over.", field="until", remedy="Choose a later one, or end the membership."
        )
    if Role.FACILITATOR in wanted.roles:
        _check_facilitation(organization, wanted.until, today)


def _check_facilitation(organization: Organization, until: date | None, today: date) -> None:
    latest = longest_facilitation(organization_id=organization.pk, today=today)
    if until is None or until > latest:
        raise TooLong(
            f"A facilitator stays until {long_date(latest)} at the latest.",
            field="until",
            remedy="That is 14 days after the sprint, or 30 days from today without one.",
        )


@transaction.atomic
def change_roles(
    *,
    organization: Organization,
    user: User,
    wanted: RolesWanted,
    actor: Actor,
    today: date,
    now: datetime,
) -> bool:
    """Let a member hold exactly these roles. Returns whether anything changed.

    Runs inside the organization. Raises what check_roles does, LastAdministrator, and NotFound for
    somebody who is no member.
    """
    check_roles(organization=organization, wanted=wanted, today=today)
    hold_members(organization_id=organization.pk)
    before = _state(user)
    if not before["roles"]:
        raise NotFound("Nobody of this organization has this address.")
    Membership.objects.filter(user=user).exclude(role__in=wanted.roles).delete()
    _store(organization, user, wanted)
    _must_keep_an_administrator(user)
    changes = _difference(before, _state(user))
    if changes:
        record(
            organization_id=organization.pk,
            actor=actor,
            action="roles.changed",
            object_kind="user",
            object_id=user.public_id,
            changes=changes,
            now=now,
        )
    return bool(changes)


def add_roles(
    *,
    organization: Organization,
    user: User,
    wanted: RolesWanted,
    invited_by: User | None,
    today: date,
) -> None:
    """Give the roles of an invitation beside those held. Raises FacilitatorAlone.

    Runs inside the organization and inside the caller's transaction, which writes the entry. Roles
    whose last day is over are taken away first: they count no more.
    """
    hold_members(organization_id=organization.pk)
    Membership.objects.filter(user=user, until__lt=today).delete()
    if not may_combine(_roles(user) | wanted.roles):
        raise FacilitatorAlone(
            "A facilitator scores without stake and holds no other role here.",
            remedy="Ask whoever invited you to end the other role first.",
        )
    for role in sorted(wanted.roles):
        membership, _ = Membership.objects.get_or_create(
            organization=organization,
            user=user,
            role=role.value,
            defaults={"until": wanted.until, "invited_by": invited_by},
        )
        if role is Role.CHAMPION:
            _stand_for(membership, wanted.departments)
    link_user(user=user)


@transaction.atomic
def end_membership(
    *,
    organization: Organization,
    user: User,
    actor: Actor,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    """Take every role away, with stand-ins for and by this member. Facts and history stay.

    What waits for this member to sign waits for others who may.

    Runs inside the organization; `changes` go into the entry. Raises LastAdministrator, NotFound.
    """
    hold_members(organization_id=organization.pk)
    before = _state(user)
    if not before["roles"]:
        raise NotFound("Nobody of this organization has this address.")
    Membership.objects.filter(user=user).delete()
    _must_keep_an_administrator(user)
    StandIn.objects.filter(Q(user=user) | Q(delegate=user)).delete()
    pass_signatures_on(user_id=user.pk, now=now)
    record(
        organization_id=organization.pk,
        actor=actor,
        action="membership.ended",
        object_kind="user",
        object_id=user.public_id,
        changes={"roles": before["roles"], **changes},
        now=now,
    )


def hold_members(*, organization_id: int) -> None:
    """Of two administrators who take each other's role away at once, the second one is told."""
    Organization.objects.select_for_update().get(pk=organization_id)


def _store(organization: Organization, user: User, wanted: RolesWanted) -> None:
    for role in sorted(wanted.roles):
        membership, _ = Membership.objects.update_or_create(
            organization=organization,
            user=user,
            role=role.value,
            defaults={"until": wanted.until},
        )
        if role is Role.CHAMPION:
            owned = MembershipDepartment.objects.filter(membership=membership)
            owned.exclude(department__in=wanted.departments).delete()
            _stand_for(membership, wanted.departments)


def _stand_for(membership: Membership, departments: tuple[Department, ...]) -> None:
    for department in departments:
        MembershipDepartment.objects.get_or_create(
            organization_id=membership.organization_id,
            membership=membership,
            department=department,
        )


def _must_keep_an_administrator(user: User) -> None:
    """Somebody without a last day: a later night must not find the house without a key."""
    lasting = Membership.objects.filter(
        role=Role.ADMINISTRATOR.value, until=None, user__is_active=True
    )
    if not lasting.exists():
        raise LastAdministrator(
            f"{user.name} is the last administrator here.",
            field="roles",
            remedy="Make somebody else an administrator first, without a last day.",
        )


def _roles(user: User) -> frozenset[Role]:
    held = Membership.objects.filter(user=user).values_list("role", flat=True)
    return frozenset(Role(value) for value in held)


def _state(user: User) -> dict[str, Any]:
    """What the trail tells of a member: roles, public ids of departments, last days."""
    rows = Membership.objects.filter(user=user)
    owned = MembershipDepartment.objects.filter(membership__in=rows)
    ids = owned.values_list("department__public_id", flat=True)
    return {
        "roles": sorted(row.role for row in rows),
        "departments": sorted(str(public_id) for public_id in ids),
        "until": sorted({row.until.isoformat() for row in rows if row.until}),
    }


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"from": before[name], "to": after[name]}
        for name in before
        if before[name] != after[name]
    }
