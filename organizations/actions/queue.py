"""The decision queue: put something before somebody, hand it on, settle it.

An item says what waits, on which object, for whom and until when. The same wait is never listed
twice: asking again while it is open only renews its words.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ItemState
from organizations.calculations.roles import Role
from organizations.errors import Conflict, LastMileError
from organizations.models import Membership, Organization, QueueItem, User
from organizations.reports.queue import delegates_for, kind_of, local_today


class NotAMember(LastMileError):
    code = "not_a_member"


class NotDelegable(LastMileError):
    code = "not_delegable"


class NotByHand(LastMileError):
    code = "not_by_hand"


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
        _must_be_member(asked.owner, organization_id, now)
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

    Raises NotAMember for somebody who is none or cannot open its page, NotDelegable for what
    nobody may give away, Conflict once it is done.
    """
    if to is not None:
        _check_delegate(item, to, now)
    if _open(item).update(delegate=to) != 1:
        raise _done_meanwhile()
    action = "queue.delegated" if to else "queue.taken_back"
    changes = {"to": str(to.public_id)} if to else None
    _record(item, action=action, actor=actor, now=now, changes=changes)


@transaction.atomic
def take(*, item: QueueItem, by: User, now: datetime) -> None:
    """Make oneself the owner of what waits for a role, so that the others leave it alone.

    Raises NotAMember, Conflict when somebody else has taken it or it is done.
    """
    _must_be_member(by, item.organization_id, now)
    if _open(item).filter(owner=None).update(owner=by) != 1:
        raise Conflict("Somebody has taken this already.", remedy="Open the queue again.")
    _record(item, action="queue.taken", actor=Actor(kind="user", id=by.pk), now=now)


@transaction.atomic
def put_back(*, item: QueueItem, by: User, now: datetime) -> None:
    """Let what one has taken wait for the whole role again. Raises Conflict where it was not."""
    if _open(item).filter(owner=by).exclude(role="").update(owner=None, delegate=None) != 1:
        raise Conflict("Only what was taken from a role can be put back.")
    _record(item, action="queue.put_back", actor=Actor(kind="user", id=by.pk), now=now)


@transaction.atomic
def close_by_hand(*, item: QueueItem, by: User, reason: str, now: datetime) -> None:
    """Close an item of a kind that allows it, with a reason. Raises NotByHand, Conflict."""
    if not kind_of(item.kind).by_hand:
        raise NotByHand("This closes by itself once it is done.", remedy="Open it and do it.")
    closed = _open(item).update(
        state=ItemState.DONE.value, outcome=reason[:200], done_by=by, done_at=now
    )
    if closed != 1:
        raise _done_meanwhile()
    _record(item, action="queue.closed", actor=Actor(kind="user", id=by.pk), now=now)


def _open(item: QueueItem) -> QuerySet[QueueItem]:
    return QueueItem.objects.filter(pk=item.pk, state=ItemState.OPEN.value)


def _done_meanwhile() -> Conflict:
    return Conflict("This is done already.", remedy="Open the queue again.")


def _check_delegate(item: QueueItem, to: User, now: datetime) -> None:
    if not kind_of(item.kind).delegable:
        raise NotDelegable(
            "A signature cannot be handed on.", remedy="Name a second signer in the settings."
        )
    today = _today(item.organization_id, now)
    if not delegates_for(item=item, today=today).filter(pk=to.pk).exists():
        raise NotAMember(
            f"{to.name} cannot do this here.", field="to", remedy="Choose somebody of the list."
        )


def _must_be_member(user: User, organization_id: int, now: datetime) -> None:
    today = _today(organization_id, now)
    live = Membership.objects.filter(Q(until=None) | Q(until__gte=today), user=user)
    if not live.exists():
        raise NotAMember(
            "That login is no member of this organization.",
            field="owner",
            remedy="Invite them first, or choose somebody else.",
        )


def _today(organization_id: int, now: datetime) -> date:
    zone = Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id)
    return local_today(time_zone=zone, now=now)


def _record(
    item: QueueItem,
    *,
    action: str,
    actor: Actor,
    now: datetime,
    changes: dict[str, str] | None = None,
) -> None:
    record(
        organization_id=item.organization_id,
        actor=actor,
        action=action,
        object_kind="queue_item",
        object_id=item.public_id,
        changes=changes,
        now=now,
    )
