"""Send what waits: claimed by one worker, tried five times, told in words when it fails."""

import logging
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import Q
from django.utils.html import escape

from organizations.calculations.choices import MailState
from organizations.calculations.mails import TRIES, wait_after, with_link
from organizations.calculations.sealing import SealBroken, unseal
from organizations.models import Mail
from organizations.reports.mail import sends_mail

# Longer than the slowest conversation with a server: until then nobody else takes the mail.
CLAIM = timedelta(minutes=11)
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Why a mail did not go out, without any address; `for_good`: trying again cannot help."""

    words: str
    for_good: bool = False


def deliver(*, mail_id: int, clock: Callable[[], datetime]) -> bool:
    """Send one mail, if it waits and nobody else has it. Returns whether it went out.

    A worker that dies between the server's yes and our note of it leaves the mail to be tried
    again; both copies then carry the same Message-ID, by which readers drop the second.
    """
    mail = _claim(mail_id, clock())
    if mail is None:
        return False
    if not _may_leave(mail):
        _end(mail, state=MailState.KEPT, problem="")
        return False
    if mail.attempts > TRIES:
        _end(mail, state=MailState.FAILED, problem="The worker ended five times while sending.")
        return False
    trouble = _send(mail)
    if trouble is None:
        # What was sent is in its reader's hands: its link is no longer of use here.
        return _end(mail, state=MailState.SENT, problem="", sent_at=clock(), sealed_link="")
    _put_off(mail, trouble, clock())
    return False


def _claim(mail_id: int, now: datetime) -> Mail | None:
    """Take a mail by compare-and-set; None when it does not wait or another worker has it."""
    due = Mail.unscoped.filter(
        Q(next_try_at=None) | Q(next_try_at__lte=now), pk=mail_id, state=MailState.WAITING.value
    )
    mail = due.select_related("organization").first()
    if mail is None:
        return None
    taken = due.filter(attempts=mail.attempts).update(
        attempts=mail.attempts + 1, next_try_at=now + CLAIM
    )
    mail.attempts += 1
    return mail if taken == 1 else None


def _may_leave(mail: Mail) -> bool:
    """Mails of the example organization never leave it."""
    return sends_mail() and not (mail.organization is not None and mail.organization.example)


def _end(mail: Mail, *, state: MailState, problem: str, **more: object) -> bool:
    mine = Mail.unscoped.filter(pk=mail.pk, state=MailState.WAITING.value, attempts=mail.attempts)
    return mine.update(state=state.value, problem=problem, next_try_at=None, **more) == 1


def _put_off(mail: Mail, trouble: Trouble, now: datetime) -> None:
    wait = None if trouble.for_good else wait_after(mail.attempts)
    log.warning("mail not sent", extra={"mail": mail.pk, "attempt": mail.attempts})
    if wait is None:
        _end(mail, state=MailState.FAILED, problem=trouble.words)
        return
    mine = Mail.unscoped.filter(pk=mail.pk, state=MailState.WAITING.value, attempts=mail.attempts)
    mine.update(problem=trouble.words, next_try_at=now + wait)


def _send(mail: Mail) -> Trouble | None:
    try:
        _message(mail).send()
    except SealBroken:
        return Trouble(words="SECRET_KEY was changed since it was written.", for_good=True)
    except (OSError, ValueError) as fault:
        return trouble_of(fault)
    return None


def _message(mail: Mail) -> EmailMultiAlternatives:
    """Raises SealBroken."""
    text, html, link = (
        unseal(sealed, secret=settings.SECRET_KEY) if sealed else ""
        for sealed in (mail.sealed_text, mail.sealed_html, mail.sealed_link)
    )
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=with_link(text, link),
        to=[mail.address],
        headers={
            **mail.headers,
            "Message-ID": f"<{mail.public_id}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )
    if html:
        message.attach_alternative(with_link(html, escape(link)), "text/html")
    return message


def trouble_of(fault: Exception) -> Trouble:
    """Words for what a mail server or the way to it did; never its own, which repeat addresses."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in fault.recipients.values()]
        code = max(codes, default=550)
        return Trouble(words=f"The server refused the address ({code}).", for_good=code >= 500)
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        return Trouble(words="The server refused our user name or password.")
    if isinstance(fault, smtplib.SMTPSenderRefused):
        return Trouble(words=f"The server refused our sender ({fault.smtp_code}).")
    if isinstance(fault, smtplib.SMTPResponseException):
        return Trouble(words=f"The server answered {fault.smtp_code}.")
    if isinstance(fault, ValueError):
        return Trouble(words="Its headers or its address cannot be written.", for_good=True)
    return Trouble(words=_way(fault))


def _way(fault: Exception) -> str:
    """What happened on the way to the server."""
    if isinstance(fault, socket.gaierror):
        return "The mail server's name is not known."
    if isinstance(fault, ssl.SSLError):
        return "The mail server's certificate or encryption was refused."
    if isinstance(fault, TimeoutError):
        return "The mail server did not answer in time."
    if isinstance(fault, ConnectionRefusedError):
        return "No mail server listens at that address and port."
    return "The connection to the mail server broke."
