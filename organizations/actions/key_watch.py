"""Tell whoever answers for a key: an import failed, a sender has gone quiet, a key ends or leaked.

That is the key's owner, else who made it, as long as they are members; else the program leads.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.urls import reverse

from organizations.actions.mail import NewMail, post
from organizations.actions.queue import Ask, ask, settle
from organizations.calculations.actor import SYSTEM
from organizations.calculations.choices import ItemState
from organizations.calculations.jobs import BatchState
from organizations.calculations.roles import Role
from organizations.models import ApiKey, ImportBatch, Membership, QueueItem, User
from organizations.registry import QueueKind

LEAKED, FAILED, STALE, EXPIRING = "key_leaked", "import_failed", "import_stale", "key_expiring"
KINDS: Final = (
    QueueKind(kind=LEAKED, label="API keys that were given away", order=5, icon="alert"),
    QueueKind(kind=FAILED, label="Imports that need a look", order=30, icon="in"),
    QueueKind(kind=STALE, label="Senders that have gone quiet", order=31, icon="clock"),
    QueueKind(kind=EXPIRING, label="API keys that end soon", order=40, icon="key"),
)
# A batch with more than one refused row in so many is put before the owner of its key.
REFUSED_ONE_IN: Final = 10
TOLD_BEFORE: Final = timedelta(days=14)
KEY, SOURCE = "api_key", "import_source"


def watch_batch(*, batch: ImportBatch, now: datetime) -> None:
    """Look at a batch that has ended, in the transaction of its end; a preview is no end.

    One that was refused, died or lost more than a tenth of its rows is put before the owner of its
    key; a later one of the same source that is fine settles that, whoever sent it.
    """
    if batch.state == BatchState.PREVIEW:
        return
    source = f"{batch.kind}:{batch.source}"[:60]
    if in_order(batch=batch):
        _settle(FAILED, SOURCE, source, f"Batch {batch.number} is fine", batch, now)
    elif batch.api_key is not None:
        owner, role = _addressee(batch.api_key, now.date())
        asked = Ask(
            kind=FAILED,
            object_kind=SOURCE,
            object_id=source,
            title=f"{batch.api_key.name}: {_what_happened(batch)}",
            detail=batch.problem,
            url=reverse("batch", args=[batch.number]),
            owner=owner,
            role=role,
        )
        ask(organization_id=batch.organization_id, asked=asked, now=now)
    if batch.api_key is not None and batch.received > batch.rejected:
        _settle(STALE, KEY, batch.api_key.public_id, "Rows have arrived", batch, now)


def in_order(*, batch: ImportBatch) -> bool:
    """Whether nobody has to look at a batch that has ended: done, and at most a tenth refused."""
    return batch.state == BatchState.DONE and batch.rejected * REFUSED_ONE_IN <= batch.received


def _what_happened(batch: ImportBatch) -> str:
    if batch.state == BatchState.DONE:
        return f"{batch.rejected} of {batch.received} rows of batch {batch.number} refused"
    word = "could not be worked off" if batch.state == BatchState.DEAD else "was refused"
    return f"batch {batch.number} {word}"


def _settle(
    kind: str, object_kind: str, object_id: object, outcome: str, batch: ImportBatch, now: datetime
) -> None:
    settle(
        organization_id=batch.organization_id,
        kind=kind,
        object_kind=object_kind,
        object_id=object_id,
        outcome=outcome,
        actor=SYSTEM,
        now=now,
    )


@transaction.atomic
def watch_keys(*, organization_id: int, now: datetime) -> int:
    """The night's look at keys: which end within 14 days, which have gone quiet. Days are UTC.

    Items whose reason is gone are settled. Returns how many keys wait for somebody.
    """
    today = now.date()
    ending = list(_ending(today))
    _wait_only_for(EXPIRING, ending, outcome="Renewed, replaced or over", now=now)
    for key in ending:
        _ask_about(key, EXPIRING, f"{key.name} ends on {key.expires_on:%d %B %Y}", now)
    quiet = _quiet(now)
    _wait_only_for(STALE, quiet, outcome="No longer quiet", now=now)
    for key in quiet:
        words = f"{key.name} has sent nothing for more than {key.stale_after_days} days"
        _ask_about(key, STALE, words, now)
    ApiKey.objects.filter(pk__in=[key.pk for key in quiet]).update(noticed_stale_on=today)
    return len(ending) + len(quiet)


def _live(today: date) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(revoked_at=None, expires_on__gte=today)


def _ending(today: date) -> QuerySet[ApiKey]:
    """Keys near their end that no other key follows."""
    followed = _live(today).exclude(follows=None).values("follows_id")
    return _live(today).filter(expires_on__lte=today + TOLD_BEFORE).exclude(pk__in=followed)


def _quiet(now: datetime) -> list[ApiKey]:
    """Keys with a span after which silence is a fault, and no row for longer than it."""
    good = Q(
        importbatch__state=BatchState.DONE.value,
        importbatch__received__gt=F("importbatch__rejected"),
    )
    keys = _live(now.date()).exclude(stale_after_days=None)
    followed = _live(now.date()).exclude(follows=None).values("follows_id")
    last = keys.exclude(pk__in=followed).annotate(last=Max("importbatch__finished_at", filter=good))
    return [
        key
        for key in last.order_by("pk")
        if now - (key.last or key.created_at) > timedelta(days=key.stale_after_days or 0)
    ]


def _wait_only_for(kind: str, keys: Iterable[ApiKey], *, outcome: str, now: datetime) -> None:
    waiting = QueueItem.objects.filter(kind=kind, object_kind=KEY, state=ItemState.OPEN.value)
    gone = waiting.exclude(object_id__in=[str(key.public_id) for key in keys])
    gone.update(state=ItemState.DONE.value, outcome=outcome, done_at=now)


def _ask_about(key: ApiKey, kind: str, title: str, now: datetime) -> None:
    owner, role = _addressee(key, now.date())
    asked = Ask(
        kind=kind,
        object_kind=KEY,
        object_id=key.public_id,
        title=title,
        url=reverse("key", args=[key.public_id]),
        due_on=key.expires_on if kind == EXPIRING else None,
        owner=owner,
        role=role,
    )
    ask(organization_id=key.organization_id, asked=asked, now=now)


def tell_leaked(*, key: ApiKey, now: datetime) -> None:
    """A key stood in an address and was revoked: a queue item, and a mail to who answers for it."""
    _ask_about(key, LEAKED, f"{key.name} stood in an address and was revoked", now)
    user = answers_for(key=key, today=now.date())
    if user is not None:
        text = (
            f"The API key {key.name} was sent as a part of an address. Addresses end in logs, so "
            "the key has been revoked.\n\nMake a new key under Data, Keys, and send it in the "
            "header Authorization: Bearer."
        )
        new = NewMail(
            kind=LEAKED, address=user.email, subject=f"API key {key.name} was revoked", text=text
        )
        post(new=new, organization=key.organization, user=user, now=now)


def forget_key(*, key: ApiKey, outcome: str, now: datetime) -> None:
    """Nothing waits any more for a key that has been replaced or revoked."""
    for kind in (EXPIRING, STALE):
        settle(
            organization_id=key.organization_id,
            kind=kind,
            object_kind=KEY,
            object_id=key.public_id,
            outcome=outcome,
            actor=SYSTEM,
            now=now,
        )


def answers_for(*, key: ApiKey, today: date) -> User | None:
    """The member who is told of a key: its owner, else who made it; None when neither is one."""
    found = [user for user in (key.owner, key.created_by) if user is not None]
    members = set(
        Membership.objects.filter(user__in=found, user__is_active=True)
        .filter(Q(until=None) | Q(until__gte=today))
        .values_list("user_id", flat=True)
    )
    return next((user for user in found if user.pk in members), None)


def _addressee(key: ApiKey, today: date) -> tuple[User | None, Role | None]:
    """Exactly one of them: who answers for it, or the role that does."""
    user = answers_for(key=key, today=today)
    return user, None if user is not None else Role.PROGRAM_LEAD
