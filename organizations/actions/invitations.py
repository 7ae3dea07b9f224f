"""Invite addresses, send links again, take invitations back, and let the invited in.

The link holds 256 random bits; the database holds their keyed hash. It works once, for seven days,
and only for a login of the invited address.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from organizations import scope
from organizations.actions.mail import NewMail, forget_links, post
from organizations.actions.members import RolesWanted, add_roles, check_roles
from organizations.actions.tenant import NewLogin, get_or_create_user
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.members import (
    INVITATION_LIVES,
    MOST_INVITATIONS,
    is_open,
    role_words,
)
from organizations.calculations.roles import Role
from organizations.calculations.tokens import new_token, token_hash
from organizations.errors import Conflict, LastMileError, NotFound
from organizations.models import (
    Department,
    Invitation,
    InvitationDepartment,
    Membership,
    Organization,
    User,
)
from ui.formats import long_date

PURPOSE = "invitation"
MAIL_KIND = "invitation"


class NoAddress(LastMileError):
    code = "no_address"


class OtherAddress(LastMileError):
    code = "other_address"
    status = 403


@dataclass(frozen=True, kw_only=True)
class Inviting:
    """Who invites from where: `site` is the address of this installation, "https://host"."""

    organization: Organization
    by: User
    site: str

    @property
    def actor(self) -> Actor:
        return Actor(kind="user", id=self.by.pk)


@transaction.atomic
def invite(
    *, inviting: Inviting, addresses: Sequence[str], wanted: RolesWanted, today: date, now: datetime
) -> list[Invitation]:
    """Invite every address to the same roles, all or none, each by a mail of its own.

    Runs inside the organization. Raises NoAddress, Conflict where one is a member or invited
    already, and what check_roles raises.
    """
    check_roles(organization=inviting.organization, wanted=wanted, today=today)
    _check_addresses(addresses, today=today)
    # An old link of the same address ends with the new one.
    _of(addresses).filter(expires_at__lte=now).update(revoked_at=now)
    if taken := sorted(_of(addresses).values_list("email", flat=True)):
        raise Conflict(
            f"Invited already: {', '.join(taken)}.",
            field="addresses",
            remedy="Send those links again from the list of invitations.",
        )
    return [_invite_one(inviting, address, wanted, now) for address in addresses]


def _of(addresses: Iterable[str]) -> QuerySet[Invitation]:
    return Invitation.objects.filter(email__in=addresses, accepted_at=None, revoked_at=None)


def _check_addresses(addresses: Sequence[str], *, today: date) -> None:
    if not addresses:
        raise NoAddress("Write at least one address.", field="addresses")
    if len(addresses) > MOST_INVITATIONS:
        raise NoAddress(
            f"At most {MOST_INVITATIONS} addresses at a time.",
            field="addresses",
            remedy="Invite the others afterwards.",
        )
    live = Membership.objects.filter(Q(until=None) | Q(until__gte=today))
    members = sorted(live.filter(user__email__in=addresses).values_list("user__email", flat=True))
    if members:
        raise Conflict(
            f"Members already: {', '.join(dict.fromkeys(members))}.",
            field="addresses",
            remedy="Change their roles on their own page.",
        )


def _invite_one(inviting: Inviting, address: str, wanted: RolesWanted, now: datetime) -> Invitation:
    token = new_token()
    invitation = Invitation.objects.create(
        organization=inviting.organization,
        email=address,
        roles=sorted(role.value for role in wanted.roles),
        membership_until=wanted.until,
        token_hash=_hash(token),
        invited_by=inviting.by,
        expires_at=now + INVITATION_LIVES,
    )
    InvitationDepartment.objects.bulk_create(
        InvitationDepartment(
            organization=inviting.organization, invitation=invitation, department=department
        )
        for department in wanted.departments
    )
    _send(inviting, invitation, token, now)
    _record(
        invitation,
        "invitation.made",
        inviting.actor,
        now,
        departments=sorted(str(one.public_id) for one in wanted.departments),
    )
    return invitation


@transaction.atomic
def resend(*, inviting: Inviting, invitation: Invitation, now: datetime) -> None:
    """A new link for another seven days; the old one ends. Raises Conflict when it is over."""
    token = new_token()
    changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        token_hash=_hash(token), expires_at=now + INVITATION_LIVES
    )
    if changed != 1:
        raise Conflict("This invitation is over.", remedy="Invite the address again.")
    invitation.refresh_from_db()
    _forget_mail(invitation)
    _send(inviting, invitation, token, now)
    _record(invitation, "invitation.sent_again", inviting.actor, now)


@transaction.atomic
def revoke(*, invitation: Invitation, actor: Actor, now: datetime) -> bool:
    """Take it back: the link opens nothing from now on. False when it was over before."""
    changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        revoked_at=now
    )
    if changed != 1:
        return False
    _forget_mail(invitation)
    _record(invitation, "invitation.revoked", actor, now)
    return True


def find_invitation(*, token: str, now: datetime) -> Invitation:
    """The open invitation behind a link. Raises NotFound, the same for every other link.

    Runs before any organization is in force, hence unscoped by the hash of 256 random bits.
    """
    found = (
        Invitation.unscoped.select_related("organization", "invited_by")
        .filter(token_hash=_hash(token), organization__active=True)
        .first()
    )
    if found is None or not _is_open(found, now):
        raise NotFound(
            "This invitation opens nothing.",
            remedy="It was used, taken back or is older than seven days. Ask for a new one.",
        )
    return found


@transaction.atomic
def accept(*, invitation: Invitation, user: User, now: datetime) -> None:
    """Make the login a member with the roles of the invitation, once.

    Enters the organization itself. Raises OtherAddress for a login of another address, NotFound
    when the invitation is over meanwhile, FacilitatorAlone.
    """
    if user.email.casefold() != invitation.email.casefold():
        raise OtherAddress("This invitation is for another address.")
    organization = invitation.organization
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    with scope.organization(organization.pk):
        taken = Invitation.objects.filter(
            pk=invitation.pk, accepted_at=None, revoked_at=None, expires_at__gt=now
        ).update(accepted_at=now, accepted_by=user)
        if taken != 1:
            raise NotFound("This invitation opens nothing.", remedy="Ask for a new one.")
        add_roles(
            organization=organization,
            user=user,
            wanted=roles_of(invitation),
            invited_by=invitation.invited_by,
            today=today,
        )
        _forget_mail(invitation)
        _record(invitation, "invitation.accepted", Actor(kind="user", id=user.pk), now)


@transaction.atomic
def accept_as_new(*, invitation: Invitation, name: str, password: str, now: datetime) -> User:
    """The first login of the invited address, a member at once.

    Raises Conflict where the address has a login meanwhile, WeakPassword, and what accept raises.
    """
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise Conflict("This address has a login.", remedy="Sign in, then open the link again.")
    user = get_or_create_user(NewLogin(email=invitation.email, name=name, password=password))
    accept(invitation=invitation, user=user, now=now)
    return user


def roles_of(invitation: Invitation) -> RolesWanted:
    """What it gives. Runs inside the organization."""
    chosen = InvitationDepartment.objects.filter(invitation=invitation)
    departments = Department.objects.filter(pk__in=chosen.values("department_id")).order_by("key")
    return RolesWanted(
        roles=frozenset(Role(value) for value in invitation.roles),
        departments=tuple(departments),
        until=invitation.membership_until,
    )


def _is_open(invitation: Invitation, now: datetime) -> bool:
    return is_open(
        expires_at=invitation.expires_at,
        accepted_at=invitation.accepted_at,
        revoked_at=invitation.revoked_at,
        now=now,
    )


def _hash(token: str) -> str:
    return token_hash(token, purpose=PURPOSE, secret=settings.SECRET_KEY)


def _send(inviting: Inviting, invitation: Invitation, token: str, now: datetime) -> None:
    link = inviting.site + reverse("invitation", args=[token])
    zone = ZoneInfo(inviting.organization.time_zone)
    wanted = roles_of(invitation)
    departments = ", ".join(department.key for department in wanted.departments)
    until = f" Your access ends on {long_date(wanted.until)}." if wanted.until else ""
    text = (
        f"{inviting.by.name} invites you to {inviting.organization.name} on Last Mile.\n\n"
        f"Role: {role_words(wanted.roles)}{f' of {departments}' if departments else ''}.{until}\n\n"
        f"{link}\n\n"
        f"The link works once, until {long_date(invitation.expires_at.astimezone(zone).date())}, "
        "and only for this address. If you did not expect it, do nothing."
    )
    post(
        new=NewMail(
            kind=MAIL_KIND,
            address=invitation.email,
            subject=f"{inviting.by.name} invites you to {inviting.organization.name}",
            text=text,
            link=link,
            link_expires_at=invitation.expires_at,
        ),
        organization=inviting.organization,
        user=None,
        now=now,
    )


def _forget_mail(invitation: Invitation) -> None:
    """The link has served or ended: nobody needs to read it again."""
    forget_links(kind=MAIL_KIND, address=invitation.email, organization=invitation.organization)


def _record(
    invitation: Invitation, action: str, actor: Actor, now: datetime, **more: object
) -> None:
    until = invitation.membership_until
    record(
        organization_id=invitation.organization_id,
        actor=actor,
        action=action,
        object_kind="invitation",
        object_id=invitation.public_id,
        changes={"roles": invitation.roles, "until": until.isoformat() if until else None, **more},
        now=now,
    )
