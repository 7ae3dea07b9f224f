"""Two people for one act: one proposes, another one signs (SECURITY 3).

An organization with only one person who may sign is allowed to sign alone for its first 30 days;
such an approval says "single signature" for ever.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.urls import reverse

from organizations.actions.queue import Ask, ask, settle
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ApprovalState, ItemState
from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import Role
from organizations.errors import Conflict, LastMileError
from organizations.models import Approval, Organization, User
from organizations.registry import approval_kinds
from organizations.reports.approvals import may_sign_alone, signers

QUEUE_KIND = "approval"


class SecondPersonNeeded(LastMileError):
    code = "second_person_needed"
    status = 403


class NotASigner(LastMileError):
    code = "not_a_signer"
    status = 403


@dataclass(frozen=True, kw_only=True)
class NewApproval:
    """What is proposed. `payload` is what applying it needs later: ids and plain values."""

    act: str
    object_kind: str
    object_id: object
    title: str
    reason: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


def signers_of(*, act: str, today: date) -> list[User]:
    """Who may sign this act today: the named signers, else everybody whose role allows it."""
    return list(signers(act=act, today=today))


@transaction.atomic
def propose(*, organization_id: int, new: NewApproval, by: User, now: datetime) -> Approval:
    """Propose an act; it waits in the queue of everybody else who may sign it.

    Raises Conflict while the same act on the same object is open.
    """
    same = Approval.objects.filter(
        act=new.act,
        object_kind=new.object_kind,
        object_id=str(new.object_id),
        state=ApprovalState.OPEN.value,
    )
    if same.exists():
        raise _proposed_already()
    try:
        with transaction.atomic():
            approval = _create(organization_id, new, by, now)
    except IntegrityError as twice:
        raise _proposed_already() from twice
    today = _today(organization_id, now)
    signing = signers_of(act=new.act, today=today)
    others = [user for user in signing if user.pk != by.pk]
    for user in others or signing:
        _ask_to_sign(approval, now, owner=user)
    if not signing:
        # Nobody holds the role today: it waits for whoever will.
        _ask_to_sign(approval, now, role=min(ALLOWED[approval_kinds[new.act].decide]))
    _record(approval, "approval.proposed", Actor(kind="user", id=by.pk), now)
    return approval


def _proposed_already() -> Conflict:
    return Conflict("This has been proposed already.", remedy="It waits for a second person.")


def _create(organization_id: int, new: NewApproval, by: User, now: datetime) -> Approval:
    return Approval.objects.create(
        organization_id=organization_id,
        act=new.act,
        object_kind=new.object_kind,
        object_id=str(new.object_id),
        title=new.title[:200],
        reason=new.reason[:1000],
        payload=new.payload,
        proposed_by=by,
        proposed_at=now,
    )


def _ask_to_sign(
    approval: Approval, now: datetime, *, owner: User | None = None, role: Role | None = None
) -> None:
    asked = Ask(
        kind=QUEUE_KIND,
        object_kind="approval",
        object_id=approval.public_id,
        title=approval.title,
        detail=f"Proposed by {approval.proposed_by.name}",
        url=reverse("approval", args=[approval.public_id]),
        owner=owner,
        role=role,
    )
    ask(organization_id=approval.organization_id, asked=asked, now=now)


@transaction.atomic
def approve(*, approval: Approval, by: User, answer: str, now: datetime) -> None:
    """Sign it and do it. Raises SecondPersonNeeded, NotASigner, Conflict when it is decided."""
    today = _today(approval.organization_id, now)
    if by.pk not in {user.pk for user in signers_of(act=approval.act, today=today)}:
        raise NotASigner("You do not sign this.", remedy="Ask an administrator who does.")
    alone = by.pk == approval.proposed_by_id
    if alone and not may_sign_alone(
        organization=approval.organization, act=approval.act, today=today
    ):
        raise SecondPersonNeeded(
            "Who proposed it cannot sign it.", remedy="Ask a second person to sign."
        )
    _decide(approval, ApprovalState.APPROVED, by, answer, now, single_signature=alone)
    actor = Actor(kind="user", id=by.pk)
    approval_kinds[approval.act].apply(approval=approval, actor=actor, now=now)
    _record(approval, "approval.signed", actor, now, single_signature=alone)


@transaction.atomic
def decline(*, approval: Approval, by: User, answer: str, now: datetime) -> None:
    """Say no, with a reason. Raises NotASigner, Conflict when it is decided."""
    today = _today(approval.organization_id, now)
    if by.pk not in {user.pk for user in signers_of(act=approval.act, today=today)}:
        raise NotASigner("You do not sign this.", remedy="Ask an administrator who does.")
    _decide(approval, ApprovalState.DECLINED, by, answer, now)
    _record(approval, "approval.declined", Actor(kind="user", id=by.pk), now)


@transaction.atomic
def withdraw(*, approval: Approval, by: User, now: datetime) -> None:
    """Take one's own proposal back. Raises NotASigner, Conflict when it is decided."""
    if by.pk != approval.proposed_by_id:
        raise NotASigner("Only who proposed it can take it back.")
    _decide(approval, ApprovalState.WITHDRAWN, by, "", now)
    _record(approval, "approval.withdrawn", Actor(kind="user", id=by.pk), now)


def _decide(
    approval: Approval,
    state: ApprovalState,
    by: User,
    answer: str,
    now: datetime,
    *,
    single_signature: bool = False,
) -> None:
    changed = Approval.objects.filter(pk=approval.pk, state=ApprovalState.OPEN.value).update(
        state=state.value,
        decided_by=by,
        decided_at=now,
        answer=answer[:1000],
        single_signature=single_signature,
    )
    if changed != 1:
        raise Conflict("Somebody has decided this already.", remedy="Open it again to see how.")
    approval.refresh_from_db()
    settle(
        organization_id=approval.organization_id,
        kind=QUEUE_KIND,
        object_kind="approval",
        object_id=approval.public_id,
        outcome=state.value,
        actor=Actor(kind="user", id=by.pk),
        now=now,
        state=ItemState.WITHDRAWN if state == ApprovalState.WITHDRAWN else ItemState.DONE,
    )


def _record(approval: Approval, action: str, actor: Actor, now: datetime, **more: Any) -> None:
    record(
        organization_id=approval.organization_id,
        actor=actor,
        action=action,
        object_kind="approval",
        object_id=approval.public_id,
        changes={"act": approval.act, "on": [approval.object_kind, approval.object_id], **more},
        now=now,
    )


def _today(organization_id: int, now: datetime) -> date:
    zone = Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id)
    return now.astimezone(ZoneInfo(zone)).date()
