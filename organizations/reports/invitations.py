"""Invitations as administrators see them, and as whoever holds the link does."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, Q, QuerySet

from organizations import scope
from organizations.calculations.members import role_words
from organizations.calculations.roles import Role
from organizations.models import Invitation, InvitationDepartment, User

INVITATIONS_PER_PAGE = 50


class InvitationState(StrEnum):
    OPEN = "open"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


STATE_WORDS = {
    InvitationState.OPEN: "Waits",
    InvitationState.EXPIRED: "Link too old",
    InvitationState.ACCEPTED: "Accepted",
    InvitationState.REVOKED: "Taken back",
}
TONES = {
    InvitationState.OPEN: "info",
    InvitationState.EXPIRED: "warn",
    InvitationState.ACCEPTED: "ok",
    InvitationState.REVOKED: "line",
}


@dataclass(frozen=True, kw_only=True)
class InvitationLine:
    """One invitation; no link, which only its mail holds."""

    public_id: UUID
    email: str
    roles: str
    departments: tuple[str, ...]
    until: date | None
    invited_by: str
    created_at: datetime
    expires_at: datetime
    state: InvitationState

    @property
    def state_words(self) -> str:
        return STATE_WORDS[self.state]

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def pending(self) -> bool:
        """Neither accepted nor taken back: it can be sent again."""
        return self.state in (InvitationState.OPEN, InvitationState.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class InvitationsReport:
    """A page of invitations; waiting: those whose link still opens."""

    page: Page[InvitationLine]
    waiting: int
    total: int
    state: InvitationState | None


def invitations_report(
    *, state: InvitationState | None, page: str | int | None, now: datetime
) -> InvitationsReport:
    """Invitations of the organization in force, newest first."""
    everything: QuerySet[Invitation] = Invitation.objects.order_by("-created_at", "-pk")
    rows = everything if state is None else everything.filter(_in_state(state, now))
    chosen = InvitationDepartment.objects.select_related("department").order_by("department__key")
    rows = rows.select_related("invited_by").prefetch_related(Prefetch("departments", chosen))
    shown: Page[Any] = Paginator(rows, INVITATIONS_PER_PAGE).get_page(page)
    shown.object_list = [_line(row, now) for row in shown.object_list]
    return InvitationsReport(
        page=shown,
        waiting=everything.filter(_in_state(InvitationState.OPEN, now)).count(),
        total=everything.count(),
        state=state,
    )


def _in_state(state: InvitationState, now: datetime) -> Q:
    if state is InvitationState.ACCEPTED:
        return Q(accepted_at__isnull=False)
    if state is InvitationState.REVOKED:
        return Q(revoked_at__isnull=False)
    pending = Q(accepted_at=None, revoked_at=None)
    if state is InvitationState.OPEN:
        return pending & Q(expires_at__gt=now)
    return pending & Q(expires_at__lte=now)


def _line(row: Invitation, now: datetime) -> InvitationLine:
    return InvitationLine(
        public_id=row.public_id,
        email=row.email,
        roles=role_words(Role(value) for value in row.roles),
        departments=tuple(chosen.department.key for chosen in row.departments.all()),
        until=row.membership_until,
        invited_by=row.invited_by.name if row.invited_by else "",
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=_state(row, now),
    )


def _state(row: Invitation, now: datetime) -> InvitationState:
    if row.accepted_at is not None:
        return InvitationState.ACCEPTED
    if row.revoked_at is not None:
        return InvitationState.REVOKED
    return InvitationState.OPEN if now < row.expires_at else InvitationState.EXPIRED


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """What the link tells its holder before anything happens."""

    organization: str
    invited_by: str
    email: str
    roles: str
    departments: tuple[str, ...]
    until: date | None
    has_login: bool


def welcome_of(*, invitation: Invitation, now: datetime) -> Welcome:
    """Enters the organization itself: nobody is a member yet."""
    with scope.organization(invitation.organization_id):
        line = _line(invitation, now)
    return Welcome(
        organization=invitation.organization.name,
        invited_by=line.invited_by,
        email=line.email,
        roles=line.roles,
        departments=line.departments,
        until=line.until,
        has_login=User.objects.filter(email__iexact=invitation.email).exists(),
    )
