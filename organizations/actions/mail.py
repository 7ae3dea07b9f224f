"""Mails are rows first: written in the transaction of what they tell of, sent by a worker after it.

Without SMTP they stay, and the administrator reads them at Settings → Mail. Texts and links are
sealed at rest, because a link lets somebody in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils.html import escape

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import MailState
from organizations.calculations.mails import LINK_PLACE, kind_of, paragraphs, without_link
from organizations.calculations.sealing import seal
from organizations.dirty import ring
from organizations.errors import Conflict, LastMileError
from organizations.models import Mail, Organization, User
from organizations.reports.mail import (
    lacks_link,
    link_to_hand_over,
    only_organization,
    sends_mail,
)

# Mails that belong to no organization, such as a new password for a login of several.
KEPT_WITHOUT_ORGANIZATION = timedelta(days=30)


class LinkGone(LastMileError):
    code = "link_gone"
    status = 409


@dataclass(frozen=True, kw_only=True)
class NewMail:
    """A mail to write. `link` is the address that lets the reader in, "" without one.

    `text` is plain, its paragraphs between empty lines; `html` is made from it unless given.
    """

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
    subject = " ".join(new.subject.split())[:200]
    text = without_link(new.text, new.link)
    mail = Mail.unscoped.create(
        organization=organization,
        user=user,
        kind=new.kind,
        address=new.address,
        subject=subject,
        sealed_text=sealed(text),
        sealed_html=sealed(_html(new, subject=subject, text=text)),
        sealed_link=sealed(new.link),
        link_expires_at=new.link_expires_at,
        headers=dict(new.headers),
        created_at=now,
    )
    ring("organizations.tasks.deliver_mail", mail.pk)
    return mail


def sealed(text: str) -> str:
    return seal(text, secret=settings.SECRET_KEY) if text else ""


def _html(new: NewMail, *, subject: str, text: str) -> str:
    """The words as HTML, with a place for the link."""
    if new.html:
        return without_link_html(new.html, new.link)
    context = {
        "subject": subject,
        "paragraphs": paragraphs(text),
        "place": LINK_PLACE,
        "button": kind_of(new.kind).button,
    }
    return render_to_string("mail/message.html", context).strip()


def without_link_html(html: str, link: str) -> str:
    """HTML with a place in the stead of the link, as it is or escaped."""
    if not link:
        return html
    return html.replace(escape(link), LINK_PLACE).replace(link, LINK_PLACE)


@transaction.atomic
def post_to_login(*, new: NewMail, user: User, now: datetime) -> Mail:
    """A mail between the installation and one login, such as the link to a new password.

    Its administrator sees it only while the login belongs to no other organization.
    """
    return post(new=new, organization=only_organization(user=user), user=user, now=now)


@transaction.atomic
def post_test(*, organization: Organization, user: User, site: str, now: datetime) -> Mail:
    """A test mail to oneself."""
    new = NewMail(
        kind="mail_test",
        address=user.email,
        subject="Mail of Last Mile arrives",
        text=(
            f"Hello {user.name},\n\n"
            f"{organization.name} can send mail: invitations, new passwords and the digest of the "
            f"queue will arrive.\n\n{site}"
        ),
    )
    mail = post(new=new, organization=organization, user=user, now=now)
    _note(mail, action="mail.tested", actor=Actor(kind="user", id=user.pk), now=now)
    return mail


@transaction.atomic
def show_link(*, mail: Mail, actor: Actor, now: datetime) -> str:
    """The link of a mail, to be handed over by hand; each showing is in the audit trail.

    Raises LinkGone where it was used, sent or has expired, and where it would let into another
    organization as well.
    """
    link = link_to_hand_over(mail=mail, now=now)
    if not link:
        raise LinkGone(
            "This link is gone: it was sent, used, or its time is over.",
            remedy="Make a new one, such as by inviting again.",
        )
    note_shown(mail=mail, actor=actor, now=now)
    return link


def note_shown(*, mail: Mail, actor: Actor, now: datetime) -> None:
    """Write into the trail that somebody saw the link. In the transaction of the showing."""
    _note(mail, action="mail.link_shown", actor=actor, now=now)


@transaction.atomic
def send_again(*, mail: Mail, actor: Actor, now: datetime) -> None:
    """Try a failed or kept mail anew. Raises Conflict where that cannot help, LinkGone."""
    if not sends_mail():
        raise Conflict(
            "Mail is not set up, so nothing can be sent.", remedy="Set EMAIL_URL and MAIL_FROM."
        )
    stopped = Mail.unscoped.filter(
        pk=mail.pk, state__in=[MailState.FAILED.value, MailState.KEPT.value]
    )
    if stopped.exists() and lacks_link(mail=mail, now=now):
        raise LinkGone("Its link was used or its time is over.", remedy="Write a new mail.")
    began = stopped.update(
        state=MailState.WAITING.value, attempts=0, next_try_at=None, problem="", created_at=now
    )
    if began != 1:
        raise Conflict("This mail is on its way already, or was sent.")
    _note(mail, action="mail.sent_again", actor=actor, now=now)
    ring("organizations.tasks.deliver_mail", mail.pk)


def forget_links(
    *,
    kind: str,
    user: User | None = None,
    address: str = "",
    organization: Organization | None = None,
) -> int:
    """Empty the links of a kind once one was used or withdrawn: of a login, or of an address.

    With an organization only its mails. Mails that still wait are not sent: their link is dead.
    """
    if user is None and not address:
        raise ValueError("forget_links needs a login or an address")
    mails = Mail.unscoped.filter(kind=kind).exclude(sealed_link="")
    if organization is not None:
        mails = mails.filter(organization=organization)
    if user is not None:
        mails = mails.filter(user=user)
    if address:
        mails = mails.filter(address__iexact=address)
    return _forget(mails)


def forget_old_links(*, now: datetime) -> int:
    """Empty links whose time is over, in every organization."""
    return _forget(Mail.unscoped.filter(link_expires_at__lt=now).exclude(sealed_link=""))


def _forget(mails: "QuerySet[Mail]") -> int:
    ids = list(mails.values_list("pk", flat=True))
    waiting = Mail.unscoped.filter(pk__in=ids, state=MailState.WAITING.value)
    waiting.update(state=MailState.KEPT.value, problem="Its link was used or its time was over.")
    return Mail.unscoped.filter(pk__in=ids).update(sealed_link="")


def expire_mails(*, organization_id: int, now: datetime) -> int:
    """Delete an organization's mails older than it keeps sign-ins. Returns how many."""
    days = Organization.objects.values_list("access_days", flat=True).get(pk=organization_id)
    return _delete(Q(organization=organization_id, created_at__lt=now - timedelta(days=days)))


def expire_mails_of_nobody(*, now: datetime) -> int:
    """Delete old mails that belong to no organization. Returns how many."""
    return _delete(Q(organization=None, created_at__lt=now - KEPT_WITHOUT_ORGANIZATION))


def _delete(old: Q) -> int:
    return Mail.unscoped.filter(old).delete()[0]


def _note(mail: Mail, *, action: str, actor: Actor, now: datetime) -> None:
    """An entry in the trail of the mail's organization; a mail of nobody's has no trail."""
    if mail.organization_id is None:
        return
    record(
        organization_id=mail.organization_id,
        actor=actor,
        action=action,
        object_kind="mail",
        object_id=mail.public_id,
        changes={"kind": mail.kind},
        now=now,
    )
