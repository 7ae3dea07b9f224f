"""Links that show one page to whoever has them: made, opened, revoked."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.sharing import LONGEST_DAYS
from organizations.calculations.tokens import new_token, token_hash
from organizations.errors import LastMileError, NotFound
from organizations.models import Organization, ShareLink, User
from organizations.registry import shareables
from organizations.reports.sharing import Creator, creator_of

PURPOSE = "share"
LONGEST_QUERY = 1000


class BadLink(LastMileError):
    code = "bad_link"


@dataclass(frozen=True, kw_only=True)
class NewLink:
    """A link and its token, which is told this once."""

    link: ShareLink
    token: str


@transaction.atomic
def share(
    *,
    organization: Organization,
    by: User,
    page: str,
    query: str,
    title: str,
    days: int,
    today: date,
    now: datetime,
) -> NewLink:
    """Make a link to a page with its filters. Runs inside the organization.

    Raises NotFound for a page that cannot be shared, BadLink for more than 90 days.
    """
    if page not in shareables:
        raise NotFound("This page cannot be shared.")
    if not 1 <= days <= LONGEST_DAYS:
        raise BadLink(f"A link lasts 1 to {LONGEST_DAYS} days.", field="days")
    if len(query) > LONGEST_QUERY:
        raise BadLink("These filters are too long to be shared.", remedy="Filter by less.")
    token = new_token()
    link = ShareLink.objects.create(
        organization=organization,
        token_hash=_hash(token),
        page=page,
        query=query,
        title=title,
        created_by=by,
        expires_on=today + timedelta(days=days),
    )
    _record(link, "share.made", Actor(kind="user", id=by.pk), now)
    return NewLink(link=link, token=token)


@transaction.atomic
def revoke_link(*, link: ShareLink, by: User, now: datetime) -> bool:
    """End a link at once. False when it was revoked before."""
    if not ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now):
        return False
    _record(link, "share.revoked", Actor(kind="user", id=by.pk), now)
    return True


def find_link(*, token: str) -> ShareLink:
    """The link of a token, of whichever organization. Raises NotFound."""
    found = (
        ShareLink.unscoped.select_related("organization", "created_by")
        .filter(token_hash=_hash(token), revoked_at=None, organization__active=True)
        .first()
    )
    if found is None or found.page not in shareables:
        raise NotFound("This link shows nothing.")
    return found


def check_link(*, link: ShareLink, today: date) -> Creator:
    """Who made a link, with the roles of today. Runs inside the organization.

    Raises NotFound once it expired, or when its maker left or may not see the page any more.
    """
    creator = creator_of(link=link, today=today)
    if link.expires_on < today or creator is None:
        raise NotFound("This link shows nothing.")
    return creator


@transaction.atomic
def count_opening(*, link: ShareLink, now: datetime) -> None:
    """Somebody opened it: counted, and told in the audit trail. Runs inside the organization."""
    ShareLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, last_opened_at=now)
    _record(link, "share.opened", SYSTEM, now)


def _hash(token: str) -> str:
    return token_hash(token, purpose=PURPOSE, secret=settings.SECRET_KEY)


def _record(link: ShareLink, action: str, actor: Actor, now: datetime) -> None:
    record(
        organization_id=link.organization_id,
        actor=actor,
        action=action,
        object_kind="share_link",
        object_id=link.public_id,
        changes={"page": link.page, "expires_on": link.expires_on.isoformat()},
        now=now,
    )
