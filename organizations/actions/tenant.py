"""Create an organization, its members and their roles."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.text import slugify

from organizations import scope
from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.roles import Role, may_combine
from organizations.errors import Conflict, LastMileError
from organizations.models import (
    Department,
    Membership,
    MembershipDepartment,
    Organization,
    Person,
    User,
)

MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5]
SINGLE_SIGNATURE = timedelta(days=30)
FIRST_ROLES = (Role.ADMINISTRATOR, Role.PROGRAM_LEAD)


class UnknownTimeZone(LastMileError):
    code = "unknown_time_zone"


class WeakPassword(LastMileError):
    code = "weak_password"


class FacilitatorAlone(LastMileError):
    code = "facilitator_alone"


@dataclass(frozen=True, kw_only=True)
class NewLogin:
    """A login to create or to find by its address."""

    email: str
    name: str
    password: str | None = None


@transaction.atomic
def create_organization(
    *, name: str, time_zone: str, currency: str, actor: Actor, now: datetime, example: bool = False
) -> Organization:
    """A new, empty tenant. Raises UnknownTimeZone, Conflict on a taken name."""
    if time_zone not in zoneinfo.available_timezones():
        raise UnknownTimeZone(
            f"{time_zone[:40]} is not a known time zone.",
            field="time_zone",
            remedy="Choose one of the list, such as Europe/Berlin.",
        )
    slug = slugify(name)[:50] or "organization"
    if Organization.objects.filter(slug=slug).exists():
        raise Conflict("An organization of this name exists already.", field="name")
    organization = Organization.objects.create(
        name=name,
        slug=slug,
        time_zone=time_zone,
        currency=currency.upper(),
        working_days=MONDAY_TO_FRIDAY,
        single_signature_until=now.date() + SINGLE_SIGNATURE,
        example=example,
    )
    record(
        organization_id=organization.pk,
        actor=actor,
        action="organization.created",
        object_kind="organization",
        object_id=organization.public_id,
        changes={"time_zone": time_zone, "currency": currency.upper()},
        now=now,
    )
    return organization


def get_or_create_user(login: NewLogin) -> User:
    """The login of that address, made with the password if there is none. Raises WeakPassword."""
    user = User.objects.filter(email__iexact=login.email).first()
    if user is not None:
        return user
    if login.password is not None:
        try:
            validate_password(login.password)
        except ValidationError as problem:
            raise WeakPassword(" ".join(problem.messages), field="password") from problem
    return User.objects.create_user(email=login.email, name=login.name, password=login.password)


@transaction.atomic
def found_installation(
    *, name: str, time_zone: str, currency: str, login: NewLogin, now: datetime
) -> tuple[Organization, User]:
    """The first organization and its first login, who is administrator and program lead.

    Raises Conflict when a login exists: of two first visits at one moment, one is first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('found_installation'))")
    if User.objects.exists():
        raise Conflict("Somebody has just set this installation up.", remedy="Sign in.")
    organization = create_organization(
        name=name, time_zone=time_zone, currency=currency, actor=SYSTEM, now=now
    )
    user = get_or_create_user(login)
    for role in FIRST_ROLES:
        grant_role(organization=organization, user=user, role=role, actor=SYSTEM, now=now)
    return organization, user


@transaction.atomic
def grant_role(
    *,
    organization: Organization,
    user: User,
    role: Role,
    actor: Actor,
    now: datetime,
    departments: Iterable[Department] = (),
    until: date | None = None,
) -> Membership:
    """Give a role. A champion owns departments; a facilitator has no other role here."""
    with scope.organization(organization.pk):
        held = frozenset(
            Role(value)
            for value in Membership.objects.filter(user=user).values_list("role", flat=True)
        )
        if not may_combine(held | {role}):
            raise FacilitatorAlone(
                "A facilitator scores without stake and holds no other role here.", field="role"
            )
        membership, created = Membership.objects.get_or_create(
            organization=organization, user=user, role=role.value, defaults={"until": until}
        )
        for department in departments:
            MembershipDepartment.objects.get_or_create(
                organization=organization, membership=membership, department=department
            )
        if created:
            record(
                organization_id=organization.pk,
                actor=actor,
                action="role.granted",
                object_kind="user",
                object_id=user.public_id,
                changes={"role": role.value},
                now=now,
            )
        link_user(user=user)
    return membership


def link_user(*, user: User) -> int:
    """Tie a login to the person of the same address in the organization in force."""
    return Person.objects.filter(email=user.email.casefold(), user=None).update(user=user)
