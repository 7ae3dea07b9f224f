"""The decision queue: put something before somebody, hand it on, settle it.

An item says what waits, on which object, for whom and until when. The same wait is never listed
twice: asking again while it is open only renews its words.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ItemState
from organizations.calculations.roles import Role
from organizations.errors import LastMileError
from organizations.models import Membership, QueueItem, User


class NotAMember(LastMileError):
    code = "not_a_member"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What waits. Exactly one of `owner` and `role` is set; a role means all who hold it."""

    kind: str
    object_kind: str
    object_id: object
    title: str
    url: str
    owner: User | None = None
    role: Role | None = None
    detail: str = ""
    due_on: date | None = None

    @property
    def addressee(self) -> str:
        return f"user:{self.owner.pk}" if self.owner else f"role:{self.role}"


@transaction.atomic
def ask(*, organization_id: int, asked: Ask, now: datetime) -> QueueItem:
    """Put it into the queue, or renew the words of the open item. Raises NotAMember, ValueError.

    Runs inside the organization. No audit entry: the change that made it wait has its own.
    """
    if (asked.owner is None) == (asked.role is None):
        raise ValueError("An item waits for one user or for one role.")
    if asked.owner is not None:
        _must_be_member(asked.owner)
    item, created = QueueItem.objects.get_or_create(
        organization_id=organization_id,
        kind=asked.kind,
        object_kind=asked.object_kind,
        object_id=str(asked.object_id),
        addressee=asked.addressee,
        state=ItemState.OPEN.value,
        defaults={
            "title": asked.title[:200],
            "detail": asked.detail[:400],
            "url": asked.url,
            "owner": asked.owner,
            "role": asked.role.value if asked.role else "",
            "opened_at": now,
            "due_on": asked.due_on,
        },
    )
    if not created:
        item.title, item.detail = asked.title[:200], asked.detail[:400]
        item.url, item.due_on = asked.url, asked.due_on
        item.save(update_fields=["title", "detail", "url", "due_on"])
    return item


@transaction.atomic
def settle(
    *,
    organization_id: int,
    kind: str,
    object_kind: str,
    object_id: object,
    outcome: str,
    actor: Actor,
    now: datetime,
    state: ItemState = ItemState.DONE,
) -> int:
    """Close every open item of this kind on this object. Returns how many there were."""
    return QueueItem.objects.filter(
        organization_id=organization_id,
        kind=kind,
        object_kind=object_kind,
        object_id=str(object_id),
        state=ItemState.OPEN.value,
    ).update(
        state=state.value,
        outcome=outcome[:200],
        done_by_id=actor.id if actor.kind == "user" else None,
        done_at=now,
    )


@transaction.atomic
def delegate(*, item: QueueItem, to: User | None, actor: Actor, now: datetime) -> None:
    """Let somebody else do it, or take it back with None; the owner stays the owner.

    Raises NotAMember.
    """
    if to is not None:
        _must_be_member(to)
    if QueueItem.objects.filter(pk=item.pk, state=ItemState.OPEN.value).update(delegate=to) != 1:
        return
    record(
        organization_id=item.organization_id,
        actor=actor,
        action="queue.delegated" if to else "queue.taken_back",
        object_kind="queue_item",
        object_id=item.public_id,
        changes={"to": str(to.public_id)} if to else None,
        now=now,
    )


def _must_be_member(user: User) -> None:
    if not Membership.objects.filter(user=user).exists():
        raise NotAMember(
            "That login is no member of this organization.",
            field="owner",
            remedy="Invite them first, or choose somebody else.",
        )
