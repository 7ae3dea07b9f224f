"""Share links as members see them, and who stands behind one."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import Role
from organizations.models import Membership, MembershipDepartment, ShareLink, User
from organizations.registry import shareables


@dataclass(frozen=True, kw_only=True)
class Creator:
    """Who made a link: the roles and departments of today, not of the day it was made."""

    user: User
    roles: frozenset[Role]
    department_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class LinkLine:
    """One link; live says that it still shows its page."""

    public_id: UUID
    title: str
    page: str
    creator: str
    expires_on: date
    live: bool
    words: str
    opened: int
    last_opened_at: datetime | None


def creator_of(*, link: ShareLink, today: date) -> Creator | None:
    """Who made a link of the organization in force; None when that member may not see the page."""
    live = Membership.objects.filter(
        Q(until=None) | Q(until__gte=today), user=link.created_by_id, user__is_active=True
    )
    memberships = list(live)
    roles = frozenset(Role(row.role) for row in memberships)
    needed = (ALLOWED["share_pages"], ALLOWED[shareables[link.page].action])
    if not all(roles & allowed for allowed in needed):
        return None
    owned = MembershipDepartment.objects.filter(
        membership__in=[row.pk for row in memberships if row.role == Role.CHAMPION]
    ).values_list("department_id", flat=True)
    return Creator(user=link.created_by, roles=roles, department_ids=frozenset(owned))


def share_links(*, user_id: int, everybody: bool, today: date) -> tuple[LinkLine, ...]:
    """Links of a member, or of everybody in the organization in force; live ones first."""
    links = ShareLink.objects.select_related("created_by").order_by("-created_at", "-pk")
    if not everybody:
        links = links.filter(created_by_id=user_id)
    return tuple(sorted((_line(link, today) for link in links), key=lambda line: not line.live))


def link_for(*, public_id: UUID, user_id: int, everybody: bool) -> ShareLink | None:
    """A link that this member may end."""
    links = ShareLink.objects.filter(public_id=public_id)
    return (links if everybody else links.filter(created_by_id=user_id)).first()


def _line(link: ShareLink, today: date) -> LinkLine:
    shared = shareables.get(link.page)
    live = link.revoked_at is None and link.expires_on >= today
    words = "Revoked" if link.revoked_at else "Live" if live else "Over"
    return LinkLine(
        public_id=link.public_id,
        title=link.title,
        page=shared.label if shared else link.page,
        creator=link.created_by.name,
        expires_on=link.expires_on,
        live=live,
        words=words,
        opened=link.opened,
        last_opened_at=link.last_opened_at,
    )
