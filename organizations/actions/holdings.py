"""What members hold on the ground floor: items of the decision queue, and API keys.

A signature is nobody's to give away: what waits for a member to sign waits for the others who may.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from organizations.actions.approvals import QUEUE_KIND as APPROVAL
from organizations.actions.queue import Ask, ask
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ItemState
from organizations.calculations.matrix import ALLOWED
from organizations.models import ApiKey, Approval, QueueItem
from organizations.registry import Holding, approval_kinds


def _waiting_for(user_id: int) -> QuerySet[QueueItem]:
    mine = Q(owner_id=user_id) | Q(delegate_id=user_id)
    waiting = QueueItem.objects.filter(mine, state=ItemState.OPEN.value)
    return waiting.exclude(kind=APPROVAL).order_by("opened_at", "pk")


def _queue_titles(*, user_id: int) -> Sequence[str]:
    return list(_waiting_for(user_id).values_list("title", flat=True))


def _hand_over_queue(*, user_id: int, to_id: int, actor: Actor, now: datetime) -> int:
    items = list(_waiting_for(user_id))
    for item in items:
        if item.owner_id == user_id:
            _give(item, to_id, now)
        else:
            QueueItem.objects.filter(pk=item.pk).update(delegate_id=to_id)
    return len(items)


def _give(item: QueueItem, to_id: int, now: datetime) -> None:
    """The successor owns it; what waits for the successor already is not listed twice.

    What was taken from a role waits for the whole role again.
    """
    if item.role:
        QueueItem.objects.filter(pk=item.pk).update(owner=None, delegate=None)
        return
    addressee = f"user:{to_id}"
    same = QueueItem.objects.filter(
        kind=item.kind,
        object_kind=item.object_kind,
        object_id=item.object_id,
        addressee=addressee,
        state=ItemState.OPEN.value,
    )
    if same.exists():
        _withdraw(item, now)
    else:
        QueueItem.objects.filter(pk=item.pk).update(
            owner_id=to_id, addressee=addressee, delegate=None
        )


def _withdraw(item: QueueItem, now: datetime) -> None:
    QueueItem.objects.filter(pk=item.pk, state=ItemState.OPEN.value).update(
        state=ItemState.WITHDRAWN.value, outcome="handed over", done_at=now
    )


def pass_signatures_on(*, user_id: int, now: datetime) -> None:
    """What waited for this member to sign waits for somebody else who may.

    Where no other signer has it in the queue, it is put before the role that signs.
    """
    waiting = QueueItem.objects.filter(kind=APPROVAL, state=ItemState.OPEN.value)
    waiting.filter(delegate_id=user_id).update(delegate=None)
    for item in waiting.filter(owner_id=user_id).order_by("pk"):
        _withdraw(item, now)
        if not waiting.filter(object_id=item.object_id).exists():
            _ask_the_role(item, now)


def _ask_the_role(item: QueueItem, now: datetime) -> None:
    approval = Approval.objects.get(public_id=item.object_id)
    signing = ALLOWED[approval_kinds[approval.act].decide]
    ask(
        organization_id=item.organization_id,
        asked=Ask(
            kind=item.kind,
            object_kind=item.object_kind,
            object_id=item.object_id,
            title=item.title,
            detail=item.detail,
            url=item.url,
            role=min(signing),
            due_on=item.due_on,
        ),
        now=now,
    )


def _keys(user_id: int) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(owner_id=user_id, revoked_at=None).order_by("name", "pk")


def _key_titles(*, user_id: int) -> Sequence[str]:
    return list(_keys(user_id).values_list("name", flat=True))


def _hand_over_keys(*, user_id: int, to_id: int, actor: Actor, now: datetime) -> int:
    """The keys work on; the successor is told of them from now on."""
    return _keys(user_id).update(owner_id=to_id)


QUEUE = Holding(
    kind="queue",
    label="Decisions that wait",
    order=10,
    titles=_queue_titles,
    hand_over=_hand_over_queue,
)
KEYS = Holding(
    kind="keys",
    label="API keys to be told of",
    order=50,
    titles=_key_titles,
    hand_over=_hand_over_keys,
)
