"""What is deleted every night because its time is over, counted and recorded.

Apps register what they keep for a time; one audit entry says how much of each the night deleted.
"""

from datetime import datetime, timedelta
from typing import Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from organizations.actions.journal import write_journal
from organizations.actions.mail import expire_mails
from organizations.actions.trail import expire, record
from organizations.calculations.actor import SYSTEM
from organizations.calculations.choices import ItemState
from organizations.models import (
    BatchChange,
    BatchChunk,
    ImportBatch,
    Invitation,
    KeyDay,
    Membership,
    Organization,
    PersonView,
    QueueItem,
    RowError,
    ShareLink,
)
from organizations.registry import Expiry, expiries

VIEWS_KEPT: Final = timedelta(days=396)
SETTLED_KEPT: Final = timedelta(days=396)
# More bodies than this are deleted in the nights after.
BATCHES_A_NIGHT: Final = 1000
DAYS_A_YEAR: Final = 365.25


@transaction.atomic
def retain(*, organization_id: int, now: datetime) -> int:
    """Delete what is older than the organization keeps it. Returns the rows of all kinds.

    Safe to run again. Records the counts, also a night of zeros: silence would prove nothing.
    """
    ordered = sorted(expiries.values(), key=lambda expiry: (expiry.order, expiry.name))
    counts = {
        expiry.name: expiry.forget(organization_id=organization_id, now=now) for expiry in ordered
    }
    organization = Organization.objects.get(pk=organization_id)
    record(
        organization_id=organization_id,
        actor=SYSTEM,
        action="retention.done",
        object_kind="organization",
        object_id=organization.public_id,
        changes=counts,
        now=now,
    )
    transaction.on_commit(
        lambda: write_journal(organization_id=organization_id, path=settings.ERASURE_JOURNAL)
    )
    return sum(counts.values())


def forget_originals(*, organization_id: int, now: datetime) -> int:
    """Bodies of imports, what their previews showed, and the words of refused rows."""
    before = now - timedelta(days=_organization(organization_id).originals_days)
    old = ImportBatch.objects.filter(finished_at__lt=before)
    chunked = BatchChunk.objects.filter(batch__in=old, number=0).order_by("batch_id")
    ids = list(chunked.values_list("batch_id", flat=True)[:BATCHES_A_NIGHT])
    gone = BatchChunk.objects.filter(batch_id__in=ids).delete()[0]
    RowError.objects.filter(batch_id__in=ids).exclude(value="").update(value="")
    BatchChange.objects.filter(batch__in=old).delete()
    return int(gone)


def forget_sessions(*, organization_id: int, now: datetime) -> int:
    """Sessions of members not seen for the time, and days on which keys were used."""
    before = now - timedelta(days=_organization(organization_id).access_days)
    members = Membership.objects.values("user_id")
    gone = UserSession.objects.filter(user_id__in=members, last_seen_at__lt=before).delete()[0]
    return int(gone + KeyDay.objects.filter(day__lt=before.date()).delete()[0])


def forget_views(*, organization_id: int, now: datetime) -> int:
    """Who looked at whom."""
    return int(PersonView.objects.filter(at__lt=now - VIEWS_KEPT).delete()[0])


def forget_doors(*, organization_id: int, now: datetime) -> int:
    """Invitations and share links that have been closed for the time of sessions."""
    before = now - timedelta(days=_organization(organization_id).access_days)
    closed = Q(accepted_at__lt=before) | Q(revoked_at__lt=before) | Q(expires_at__lt=before)
    gone = Invitation.objects.filter(closed).delete()[0]
    ended = Q(expires_on__lt=before.date()) | Q(revoked_at__lt=before)
    return int(gone + ShareLink.objects.filter(ended).delete()[0])


def forget_settled(*, organization_id: int, now: datetime) -> int:
    """Items of the queue that were settled long ago; their acts stay in the trail."""
    settled = QueueItem.objects.exclude(state=ItemState.OPEN.value)
    return int(settled.filter(done_at__lt=now - SETTLED_KEPT).delete()[0])


def forget_trail(*, organization_id: int, now: datetime) -> int:
    """The oldest entries of the audit trail; the chain goes on from where it was cut."""
    years = _organization(organization_id).trail_years
    before = now - timedelta(days=round(years * DAYS_A_YEAR))
    return expire(organization_id=organization_id, before=before)


def _organization(organization_id: int) -> Organization:
    return Organization.objects.get(pk=organization_id)


EXPIRIES: Final = (
    Expiry(name="originals", label="Import originals", order=20, forget=forget_originals),
    Expiry(name="sessions", label="Sessions and days of keys", order=30, forget=forget_sessions),
    Expiry(name="doors", label="Closed invitations and share links", order=40, forget=forget_doors),
    Expiry(name="mails", label="Mails", order=45, forget=expire_mails),
    Expiry(name="views", label="Looks at people", order=50, forget=forget_views),
    Expiry(name="settled", label="Settled items of the queue", order=60, forget=forget_settled),
    Expiry(name="trail", label="Entries of the audit trail", order=70, forget=forget_trail),
)
