"""Mails are rows first: written in the transaction of what they tell of, sent by a worker after it.

Without SMTP they stay, and the administrator reads them at Settings → Mail. Texts and links are
sealed at rest, because a link lets somebody in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from organizations.calculations.sealing import seal
from organizations.dirty import ring
from organizations.models import Mail, Organization, User


@dataclass(frozen=True, kw_only=True)
class NewMail:
    """A mail to write. `link` is the address that lets the reader in, "" without one."""

    kind: str
    address: str
    subject: str
    text: str
    html: str = ""
    link: str = ""
    link_expires_at: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def post(
    *, new: NewMail, organization: Organization | None, user: User | None, now: datetime
) -> Mail:
    """Keep a mail and have it sent. Must run inside the transaction of what it tells of."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A mail belongs into the transaction of what it tells of.")
    mail = Mail.unscoped.create(
        organization=organization,
        user=user,
        kind=new.kind,
        address=new.address,
        subject=new.subject[:200].replace("\n", " "),
        sealed_text=sealed(new.text),
        sealed_html=sealed(new.html),
        sealed_link=sealed(new.link),
        link_expires_at=new.link_expires_at,
        headers=dict(new.headers),
        created_at=now,
    )
    ring("organizations.tasks.deliver_mail", mail.pk)
    return mail


def sealed(text: str) -> str:
    return seal(text, secret=settings.SECRET_KEY) if text else ""
