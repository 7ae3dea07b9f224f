"""Members as administrators see them: roles, second factor, last seen, stand-in; invitations."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from organizations.calculations.members import role_words
from organizations.calculations.roles import PRECEDENCE, Role
from organizations.calculations.second_factor import NEEDED_BY
from organizations.models import (
    Department,
    Membership,
    MembershipDepartment,
    Organization,
    QueueItem,
    User,
)
from organizations.reports.accounts import RECOVERY
from organizations.reports.standins import StandInLine, stand_ins_by_user

MEMBERS_PER_PAGE = 50


class MemberState(StrEnum):
    LIVE = "live"
    NEW = "new"
    ENDED = "ended"


STATE_WORDS = {
    MemberState.LIVE: "Active",
    MemberState.NEW: "Never signed in",
    MemberState.ENDED: "Ended",
}


class Factor(StrEnum):
    """Whether a member has a second factor, and whether one is needed."""

    ON = "on"
    MISSING = "missing"
    NOT_REQUIRED = "not required"


@dataclass(frozen=True, kw_only=True)
class MemberFilter:
    """What of the list is asked for; empty fields ask for all."""

    text: str = ""
    role: Role | None = None
    state: MemberState | None = None
    factor_missing: bool = False

    @property
    def asks(self) -> bool:
        return bool(self.text or self.role or self.state or self.factor_missing)


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    """One member. until: the last day, None for good; departments: those a champion stands for."""

    user_id: int
    public_id: UUID
    name: str
    email: str
    roles: frozenset[Role]
    departments: tuple[str, ...]
    until: date | None
    factor: Factor
    last_seen: datetime | None
    state: MemberState
    stand_in: StandInLine | None

    @property
    def role_words(self) -> str:
        return role_words(self.roles)

    @property
    def state_words(self) -> str:
        return STATE_WORDS[self.state]


@dataclass(frozen=True, kw_only=True)
class MembersReport:
    """A page of members. total: all of them; found: those the filter leaves; missing: members
    whose role needs a second factor and who have none."""

    page: Page[MemberLine]
    total: int
    found: int
    missing: int


def members_report(
    *, organization: Organization, wanted: MemberFilter, page: str | int | None, today: date
) -> MembersReport:
    """A page of members of the organization in force, by name. A fixed number of queries."""
    paginator = Paginator(_members(organization, wanted, today), MEMBERS_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    shown.object_list = _lines(organization, shown.object_list, today)
    live = _members(organization, MemberFilter(), today)
    return MembersReport(
        page=shown,
        total=live.count() if wanted.asks else paginator.count,
        found=paginator.count,
        missing=live.filter(_lacks_factor(organization, today)).count(),
    )


def member_lines(
    *, organization: Organization, wanted: MemberFilter, today: date
) -> Iterator[MemberLine]:
    """Every member that the filter leaves, for a file."""
    yield from _lines(organization, _members(organization, wanted, today), today)


def find_member(*, organization: Organization, public_id: UUID, today: date) -> MemberLine | None:
    """One member of the organization in force, also one whose roles have ended."""
    found = _members(organization, MemberFilter(), today).filter(public_id=public_id)
    return next(iter(_lines(organization, found, today)), None)


def find_leaver(*, public_id: UUID) -> User | None:
    """A login with a role here, or one that left and whose hand-over waits."""
    waiting = QueueItem.objects.filter(kind="hand_over", state="open", object_id=str(public_id))
    held = Membership.objects.filter(user=OuterRef("pk"))
    users = User.objects.filter(public_id=public_id)
    return users.filter(Q(Exists(held)) | Q(Exists(waiting))).first()


def departments_of(*, user: User) -> list[Department]:
    """The departments that a champion stands for."""
    owned = MembershipDepartment.objects.filter(membership__user=user)
    return list(Department.objects.filter(pk__in=owned.values("department_id")).order_by("key"))


def _members(organization: Organization, wanted: MemberFilter, today: date) -> QuerySet[Any]:
    rows = Membership.objects.filter(user=OuterRef("pk"))
    sessions = UserSession.objects.filter(user=OuterRef("pk")).order_by().values("user")
    seen = Subquery(sessions.annotate(at=Max("last_seen_at")).values("at"))
    users = User.objects.filter(Exists(rows)).annotate(
        last_seen=Greatest("last_login", seen), is_live=Exists(rows.filter(_lasting(today)))
    )
    if wanted.text:
        users = users.filter(Q(name__icontains=wanted.text) | Q(email__icontains=wanted.text))
    if wanted.role is not None:
        users = users.filter(Exists(rows.filter(role=wanted.role.value)))
    if wanted.state is not None:
        users = users.filter(_in_state(wanted.state))
    if wanted.factor_missing:
        users = users.filter(_lacks_factor(organization, today))
    return users.order_by("name", "pk")


def _lasting(today: date) -> Q:
    return Q(until=None) | Q(until__gte=today)


def _in_state(state: MemberState) -> Q:
    if state is MemberState.ENDED:
        return Q(is_live=False)
    return Q(is_live=True, last_seen__isnull=state is MemberState.NEW)


def _factor_needed(organization: Organization) -> bool:
    return bool(settings.REQUIRE_MFA and organization.require_mfa)


def _lacks_factor(organization: Organization, today: date) -> Q:
    """Nobody lacks what the organization does not ask for."""
    if not _factor_needed(organization):
        return Q(pk__in=())
    roles = [role.value for role in NEEDED_BY]
    rows = Membership.objects.filter(_lasting(today), user=OuterRef("pk"), role__in=roles)
    return Q(Exists(rows)) & ~Q(Exists(_factors().filter(user=OuterRef("pk"))))


def _factors() -> QuerySet[Any]:
    factors: QuerySet[Any] = Authenticator.objects.exclude(type=RECOVERY)
    return factors


def _lines(organization: Organization, users: Iterable[Any], today: date) -> list[MemberLine]:
    found = list(users)
    ids = [user.pk for user in found]
    rows = _rows(ids)
    departments = _departments(ids)
    enrolled = set(_factors().filter(user__in=ids).values_list("user_id", flat=True))
    stand_ins = stand_ins_by_user(user_ids=ids, today=today)
    return [
        MemberLine(
            user_id=user.pk,
            public_id=user.public_id,
            name=user.name,
            email=user.email,
            roles=_roles(rows[user.pk]),
            departments=tuple(departments[user.pk]),
            until=_until(rows[user.pk]),
            factor=_factor(organization, _roles(rows[user.pk]), user.pk in enrolled),
            last_seen=user.last_seen,
            state=_state(user),
            stand_in=stand_ins.get(user.pk),
        )
        for user in found
    ]


def _rows(user_ids: list[int]) -> dict[int, list[Membership]]:
    rows: dict[int, list[Membership]] = defaultdict(list)
    for row in Membership.objects.filter(user__in=user_ids).order_by("pk"):
        rows[row.user_id].append(row)
    return rows


def _departments(user_ids: list[int]) -> dict[int, list[str]]:
    keys: dict[int, list[str]] = defaultdict(list)
    owned = MembershipDepartment.objects.filter(membership__user__in=user_ids)
    for user_id, key in owned.order_by("department__key").values_list(
        "membership__user_id", "department__key"
    ):
        keys[user_id].append(key)
    return keys


def _roles(rows: list[Membership]) -> frozenset[Role]:
    return frozenset(Role(row.role) for row in rows)


def _until(rows: list[Membership]) -> date | None:
    """The last day of the role that lasts longest; None when one has no last day."""
    days = [row.until for row in rows]
    return None if None in days else max(day for day in days if day is not None)


def _factor(organization: Organization, roles: frozenset[Role], enrolled: bool) -> Factor:
    if enrolled:
        return Factor.ON
    needed = _factor_needed(organization) and roles & NEEDED_BY
    return Factor.MISSING if needed else Factor.NOT_REQUIRED


def _state(user: Any) -> MemberState:
    if not user.is_live:
        return MemberState.ENDED
    return MemberState.NEW if user.last_seen is None else MemberState.LIVE


ROLE_MEANS = {
    Role.ADMINISTRATOR: "Members, people, keys, settings and privacy",
    Role.PROGRAM_LEAD: "Runs the sprint: initiatives, imports, decisions",
    Role.CHAMPION: "Stands for departments and coaches them",
    Role.EXECUTIVE: "Signs decisions, reads every result",
    Role.FACILITATOR: "Scores blind; alone, and for a time",
    Role.MEMBER: "Own usage, own department, proposals",
    Role.AUDITOR: "Reads the rules, the trail and group figures",
}
ROLES_IN_ORDER = PRECEDENCE
