"""Leave an organization; close one, open it again.

A closed organization is disabled for 30 days: nobody signs in to it, its keys are refused, its
nights rest. Any of its administrators may open it again until it is erased (actions/dissolving).
"""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from organizations import scope
from organizations.actions.approvals import NewApproval, propose
from organizations.actions.handover import ask_to_hand_over, held_by
from organizations.actions.mail import NewMail, post
from organizations.actions.members import end_membership
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.leaving import DISABLED_FOR, erased_on
from organizations.calculations.roles import Role
from organizations.errors import Conflict, LastMileError, NotFound
from organizations.models import Approval, Membership, Organization, User
from organizations.registry import ApprovalKind

CLOSE_ACT = "organization.close"


class NameDiffers(LastMileError):
    code = "name_differs"


@transaction.atomic
def leave(*, organization: Organization, user: User, now: datetime) -> None:
    """End every role of one's own. Raises LastAdministrator.

    What the member held stays where it is; an administrator is asked to hand it over.
    """
    end_membership(
        organization=organization,
        user=user,
        actor=Actor(kind="user", id=user.pk),
        changes={"left": True},
        now=now,
    )
    if held_by(user_id=user.pk):
        ask_to_hand_over(organization_id=organization.pk, user=user, why="Has left", now=now)


@transaction.atomic
def propose_closing(
    *, organization_id: int, name: str, reason: str, by: User, now: datetime
) -> Approval:
    """Propose to delete the organization; a second administrator signs.

    `name` is its name as the proposer typed it. Raises NameDiffers, Conflict.
    """
    organization = Organization.objects.get(pk=organization_id)
    if name.strip() != organization.name:
        raise NameDiffers(
            "That is not the name of this organization.",
            field="name",
            remedy=f"Type {organization.name} exactly as it is written.",
        )
    return propose(
        organization_id=organization_id,
        new=NewApproval(
            act=CLOSE_ACT,
            object_kind="organization",
            object_id=organization.public_id,
            title=f"Delete {organization.name} with all its data",
            reason=reason,
        ),
        by=by,
        now=now,
    )


def close(*, approval: Approval, actor: Actor, now: datetime) -> None:
    """Disable the organization, in the transaction of the second signature."""
    organization = Organization.objects.select_for_update().get(pk=approval.organization_id)
    if not organization.active:
        raise Conflict("This organization is closed already.")
    organization.active = False
    organization.closing_on = erased_on(closed_on=_today(organization, now))
    organization.save(update_fields=["active", "closing_on"])
    record(
        organization_id=organization.pk,
        actor=actor,
        action="organization.closed",
        object_kind="organization",
        object_id=organization.public_id,
        changes={"erased_on": organization.closing_on.isoformat()},
        now=now,
    )
    _tell_administrators(organization, now)


@transaction.atomic
def reopen(*, public_id: UUID, by: User, now: datetime) -> Organization:
    """Take the closing back. Raises NotFound for whom it is not a closed one of their own."""
    organization = (
        Organization.objects.select_for_update()
        .filter(pk__in=closed_of(user=by, now=now), public_id=public_id)
        .first()
    )
    if organization is None:
        raise NotFound("There is no closed organization of yours at this address.")
    erased = organization.closing_on
    organization.active, organization.closing_on = True, None
    organization.save(update_fields=["active", "closing_on"])
    with scope.organization(organization.pk):
        record(
            organization_id=organization.pk,
            actor=Actor(kind="user", id=by.pk),
            action="organization.reopened",
            object_kind="organization",
            object_id=organization.public_id,
            changes={"erased_on": [erased.isoformat() if erased else None, None]},
            now=now,
        )
    return organization


def closed_of(*, user: User, now: datetime) -> list[int]:
    """Ids of closed organizations that this administrator may open again, the next to go first.

    No organization is in force when one asks for those one cannot enter.
    """
    administers = Membership.unscoped.filter(
        Q(until=None) | Q(until__gte=now.date()), user=user, role=Role.ADMINISTRATOR.value
    )
    closed = Organization.objects.filter(
        pk__in=administers.values("organization_id"), active=False, closing_on__isnull=False
    )
    return list(closed.order_by("closing_on", "pk").values_list("pk", flat=True))


def _tell_administrators(organization: Organization, now: datetime) -> None:
    administrators = User.objects.filter(
        pk__in=Membership.objects.filter(role=Role.ADMINISTRATOR.value).values("user_id"),
        is_active=True,
    )
    for user in administrators.order_by("pk"):
        post(
            new=NewMail(
                kind="organization_closed",
                address=user.email,
                subject=f"{organization.name} is closed",
                text=(
                    f"Two people have signed to delete {organization.name}.\n\n"
                    f"It is disabled from now on and erased on {organization.closing_on}. "
                    f"Until then you can sign in and open it again, with everything in it.\n"
                ),
            ),
            organization=organization,
            user=user,
            now=now,
        )


def _today(organization: Organization, now: datetime) -> date:
    return now.astimezone(ZoneInfo(organization.time_zone)).date()


CLOSING = ApprovalKind(
    act=CLOSE_ACT,
    label=f"Delete the organization (erased after {DISABLED_FOR.days} days)",
    decide="close_organization",
    apply=close,
)
