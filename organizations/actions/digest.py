"""The digest: one mail a day or a week that says what waits in the queue, and the way out of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from organizations.actions.mail import NewMail, post
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import Digest
from organizations.calculations.digest import (
    MOST_LINES,
    DigestLine,
    digest_day,
    digest_left,
    digest_subject,
)
from organizations.errors import NotFound
from organizations.models import DigestSent, Organization, User
from organizations.reports.digest import Recipient, digest_lines, recipients
from organizations.reports.queue import local_today
from ui.formats import long_date

PURPOSE = "organizations.digest.unsubscribe"
UNSUBSCRIBE_LIVES = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """Who leaves the digest, and the organization whose mail it was."""

    user: User
    organization: Organization


def write_digests(*, organization: Organization, now: datetime) -> int:
    """Write the digests that are due in one organization. Returns how many mails were written.

    Runs inside the organization. Coming by twice writes nothing twice.
    """
    today = local_today(time_zone=organization.time_zone, now=now)
    return sum(
        _write(organization, recipient, day, now)
        for recipient in recipients(today=today)
        if (day := _due(organization, recipient.user, now)) is not None
    )


def _due(organization: Organization, user: User, now: datetime) -> date | None:
    zone = user.time_zone or organization.time_zone
    return digest_day(choice=Digest(user.digest), zone=zone, now=now)


@transaction.atomic
def _write(organization: Organization, recipient: Recipient, day: date, now: datetime) -> bool:
    """One digest; a day on which nothing waited at seven has none."""
    user = recipient.user
    if DigestSent.objects.filter(user=user, day=day).exists():
        return False
    lines = digest_lines(recipient=recipient, today=day)
    _, first = DigestSent.objects.get_or_create(
        organization=organization, user=user, day=day, defaults={"items": len(lines)}
    )
    if not first or not lines:
        return False
    post(new=_mail(organization, user, lines, now), organization=organization, user=user, now=now)
    return True


def _mail(
    organization: Organization, user: User, lines: list[DigestLine], now: datetime
) -> NewMail:
    overdue = sum(line.overdue for line in lines)
    way_out = settings.SITE + reverse("unsubscribe", args=[unsubscribe_token(user, organization)])
    context: dict[str, Any] = {
        "subject": digest_subject(
            waiting=len(lines), overdue=overdue, organization=organization.name
        ),
        "name": user.name,
        "organization": organization.name,
        "lines": lines[:MOST_LINES],
        "left": digest_left(lines),
        "queue": settings.SITE + reverse("queue"),
        "way_out": way_out,
        "days": UNSUBSCRIBE_LIVES.days,
    }
    return NewMail(
        kind="digest",
        address=user.email,
        subject=context["subject"],
        text=_text(context),
        html=render_to_string("mail/digest.html", context).strip(),
        headers={
            "List-Unsubscribe": f"<{way_out}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def _text(context: dict[str, Any]) -> str:
    """The same as plain text. No template: those escape for HTML, and this is none."""
    left = context["left"]
    return "\n".join(
        (
            f"Hello {context['name']},",
            "",
            f"this waits for you at {context['organization']}:",
            "",
            *(f"- {line.title} ({line.kind}){_due_words(line)}" for line in context["lines"]),
            *([f"- and {left} more"] if left else []),
            "",
            f"Open the queue: {context['queue']}",
            "",
            f"No more digests: {context['way_out']}",
            f"The link works for {context['days']} days. You choose how often it comes in your"
            " profile.",
        )
    )


def _due_words(line: DigestLine) -> str:
    if line.due_on is None:
        return ""
    return f", {'was due' if line.overdue else 'due'} {long_date(line.due_on)}"


def unsubscribe_token(user: User, organization: Organization) -> str:
    """A signed text that switches this digest off, and does nothing else."""
    names = [str(user.public_id), str(organization.public_id)]
    return signing.dumps(names, salt=PURPOSE)


def leaving_of(*, token: str) -> Leaving:
    """Who leaves by this token. Raises NotFound when it is none, changed, or too old."""
    try:
        user_id, organization_id = signing.loads(token, salt=PURPOSE, max_age=UNSUBSCRIBE_LIVES)
        user = User.objects.get(public_id=UUID(user_id))
        organization = Organization.objects.get(public_id=UUID(organization_id))
    except (
        *(signing.BadSignature, ValueError, TypeError),
        *(User.DoesNotExist, Organization.DoesNotExist),
    ) as fault:
        raise NotFound("This link is over.") from fault
    return Leaving(user=user, organization=organization)


@transaction.atomic
def switch_off(*, leaving: Leaving, now: datetime) -> bool:
    """Send no digest to this login any more. False when it was off. In the organization."""
    digests = User.objects.filter(pk=leaving.user.pk).exclude(digest=Digest.OFF.value)
    if not digests.update(digest=Digest.OFF.value):
        return False
    record(
        organization_id=leaving.organization.pk,
        actor=Actor(kind="user", id=leaving.user.pk),
        action="digest.switched_off",
        object_kind="user",
        object_id=leaving.user.public_id,
        now=now,
    )
    return True
