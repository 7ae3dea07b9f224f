"""Mails as the administrator finds them: what was sent, what stays here, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet

from organizations.calculations.choices import MailState
from organizations.calculations.mails import LINK_PLACE, TRIES, kind_of, with_link
from organizations.calculations.sealing import SealBroken, unseal
from organizations.models import Mail, Membership, Organization, User
from ui.formats import integer

MAILS_PER_PAGE = 50
NOT_SET_UP = "Mail is not set up"

STATE_WORDS = {
    MailState.WAITING: "On its way",
    MailState.SENT: "Sent",
    MailState.KEPT: "Kept here",
    MailState.FAILED: "Failed",
}
TONES = {
    MailState.WAITING: "info",
    MailState.SENT: "ok",
    MailState.KEPT: "line",
    MailState.FAILED: "danger",
}


@dataclass(frozen=True, kw_only=True)
class MailFilter:
    """What of the list is asked for; empty fields ask for all."""

    state: MailState | None = None
    kind: str = ""

    @property
    def asks(self) -> bool:
        return self.state is not None or bool(self.kind)


@dataclass(frozen=True, kw_only=True)
class MailLine:
    """One mail. `readable`: an administrator may read its words and pass them on."""

    public_id: UUID
    words: str
    address: str
    subject: str
    state: MailState
    problem: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    readable: bool

    @property
    def state_words(self) -> str:
        trying = self.state is MailState.WAITING and self.problem
        return f"Try {self.attempts + 1} of {TRIES} follows" if trying else STATE_WORDS[self.state]

    @property
    def tone(self) -> str:
        return "warn" if self.state is MailState.WAITING and self.problem else TONES[self.state]

    @property
    def stopped(self) -> bool:
        return self.state in (MailState.FAILED, MailState.KEPT)


@dataclass(frozen=True, kw_only=True)
class MailReport:
    """A page of mails. total: all of the organization; of: how many are in each state."""

    page: Page[MailLine]
    total: int
    of: dict[MailState, int]
    kinds: dict[str, str]
    sends: bool
    example: bool

    @property
    def title(self) -> str:
        """The finding: what failed, else what stays here, else what was sent."""
        failed, kept = self.of[MailState.FAILED], self.of[MailState.KEPT]
        if not self.sends:
            return f"Mail is not set up; {_mails_are(kept)} kept here" if kept else NOT_SET_UP
        if failed:
            return f"{failed} {'mail' if failed == 1 else 'mails'} could not be sent"
        if not self.total:
            return "No mail was written yet"
        if kept:
            return f"{_mails_are(kept)} kept here, not sent"
        if self.of[MailState.WAITING]:
            return f"{_mails_are(self.of[MailState.WAITING])} on the way"
        return "Every mail was sent"


@dataclass(frozen=True, kw_only=True)
class OneMail:
    """A mail with its words: None where they are its reader's alone or cannot be unsealed."""

    line: MailLine
    text: str | None
    has_link: bool
    link_expires_at: datetime | None
    may_send_again: bool


def sends_mail() -> bool:
    """Whether this installation has a mail server. Without one mails stay in the database."""
    return bool(settings.SENDS_MAIL)


def mail_report(
    *, organization: Organization, wanted: MailFilter, page: str | int | None
) -> MailReport:
    """A page of mails of the organization in force, newest first."""
    paginator = Paginator(_mails(wanted), MAILS_PER_PAGE)
    shown: Page[Any] = paginator.get_page(page)
    shown.object_list = [_line(mail) for mail in shown.object_list]
    counted = dict(Mail.objects.order_by().values_list("state").annotate(n=Count("pk")))
    kinds = Mail.objects.order_by("kind").values_list("kind", flat=True).distinct()
    return MailReport(
        page=shown,
        total=sum(counted.values()),
        of={state: counted.get(state.value, 0) for state in MailState},
        kinds={kind: kind_of(kind).words for kind in kinds},
        sends=sends_mail(),
        example=organization.example,
    )


def one_mail(*, mail: Mail, now: datetime) -> OneMail:
    """A mail of the organization in force; its link stays sealed."""
    line = _line(mail)
    return OneMail(
        line=line,
        text=_words(mail) if line.readable else None,
        has_link=bool(link_to_hand_over(mail=mail, now=now)),
        link_expires_at=mail.link_expires_at,
        may_send_again=_may_send_again(mail, line, now),
    )


def kept_mails() -> QuerySet[Mail]:
    """Everything not sent, of all organizations and of none: for the operator's command only."""
    return (
        Mail.unscoped.exclude(state=MailState.SENT.value)
        .select_related("organization")
        .order_by("created_at", "pk")
    )


def text_of(*, mail: Mail) -> str | None:
    """The words with a place for the link; None when the key they were sealed with is gone."""
    try:
        return unseal(mail.sealed_text, secret=settings.SECRET_KEY) if mail.sealed_text else ""
    except SealBroken:
        return None


def link_of(*, mail: Mail, now: datetime) -> str:
    """The link that lets somebody in; "" without one, once it has served or expired."""
    over = mail.link_expires_at is not None and mail.link_expires_at <= now
    if over or not mail.sealed_link:
        return ""
    try:
        return unseal(mail.sealed_link, secret=settings.SECRET_KEY)
    except SealBroken:
        return ""


def link_to_hand_over(*, mail: Mail, now: datetime) -> str:
    """The link that the mail's organization may hand over; "" where it lets in elsewhere as well.

    Somebody may have joined another organization since the mail was written.
    """
    if not kind_of(mail.kind).handed_over:
        return ""
    reader = mail.user if mail.kind == "password_reset" else None
    if reader is not None and only_organization(user=reader) != mail.organization:
        return ""
    return link_of(mail=mail, now=now)


def lacks_link(*, mail: Mail, now: datetime) -> bool:
    """Whether its words speak of a link that is gone."""
    return LINK_PLACE in (text_of(mail=mail) or "") and not link_of(mail=mail, now=now)


def whole_text(*, mail: Mail, now: datetime) -> str:
    """The words as the reader gets them."""
    return with_link(text_of(mail=mail) or "", link_of(mail=mail, now=now))


def only_organization(*, user: User) -> Organization | None:
    """The organization of a login that belongs to exactly one, whatever the role; else None."""
    found = {
        membership.organization
        for membership in Membership.unscoped.filter(user=user).select_related("organization")
    }
    return next(iter(found)) if len(found) == 1 else None


def _mails(wanted: MailFilter) -> QuerySet[Mail]:
    mails: QuerySet[Mail] = Mail.objects.order_by("-created_at", "-pk")
    if wanted.state is not None:
        mails = mails.filter(state=wanted.state.value)
    return mails.filter(kind=wanted.kind) if wanted.kind else mails


def _mails_are(count: int) -> str:
    return "1 mail is" if count == 1 else f"{integer(count)} mails are"


def _words(mail: Mail) -> str | None:
    text = text_of(mail=mail)
    return None if text is None else with_link(text, "(the link)")


def _may_send_again(mail: Mail, line: MailLine, now: datetime) -> bool:
    leaves = sends_mail() and not _example(mail)
    return line.stopped and leaves and not lacks_link(mail=mail, now=now)


def _example(mail: Mail) -> bool:
    return mail.organization is not None and mail.organization.example


def _line(mail: Mail) -> MailLine:
    kind = kind_of(mail.kind)
    return MailLine(
        public_id=mail.public_id,
        words=kind.words,
        address=mail.address,
        subject=mail.subject,
        state=MailState(mail.state),
        problem=mail.problem,
        attempts=mail.attempts,
        created_at=mail.created_at,
        sent_at=mail.sent_at,
        next_try_at=mail.next_try_at,
        readable=kind.handed_over,
    )
