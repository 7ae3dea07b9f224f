"""What people ask about their data: a copy, a correction, erasure; and who does it.

A person takes the own copy at once. Anything an administrator does to somebody else's data needs a
second administrator, who signs an approval.
"""

from datetime import datetime, timedelta
from typing import IO

from django.db import transaction
from django.urls import reverse

from organizations.actions.approvals import NewApproval, propose
from organizations.actions.erasure import erase_person
from organizations.actions.queue import Ask, ask, settle
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import (
    ApprovalState,
    ItemState,
    RequestKind,
    RequestState,
)
from organizations.calculations.roles import Role
from organizations.errors import Conflict, LastMileError
from organizations.models import Approval, DataRequest, Person, User
from organizations.reports.copies import write_copy

QUEUE_KIND = OBJECT_KIND = "data_request"
ERASE, EXPORT = "person.erase", "person.export"
DUE_AFTER = timedelta(days=30)
COPY_KEPT = timedelta(days=7)
_OPEN = (RequestState.ASKED.value, RequestState.APPROVING.value)
_ACTS = {RequestKind.ERASE.value: ERASE, RequestKind.EXPORT.value: EXPORT}
_ASKS = {
    RequestKind.ERASE: "Erase a person who asked for it",
    RequestKind.EXPORT: "Hand out a copy of a person's data",
    RequestKind.CORRECT: "A person reports a mistake in their data",
}


class WordsMissing(LastMileError):
    code = "words_missing"


class NotTheReceiver(LastMileError):
    code = "not_the_receiver"
    status = 403


@transaction.atomic
def open_request(
    *, person: Person, kind: RequestKind, words: str, by: User, now: datetime
) -> DataRequest:
    """Ask, for oneself or for somebody; it waits for the administrators and is due in 30 days.

    Raises Conflict while the same is asked already, WordsMissing for a correction without words.
    """
    Person.objects.select_for_update().get(pk=person.pk)
    if kind is RequestKind.CORRECT and not words.strip():
        raise WordsMissing("Say what is wrong.", field="words", remedy="A sentence is enough.")
    if person.erased_at is not None:
        raise Conflict("This person was erased.", field="person")
    same = DataRequest.objects.filter(person=person, kind=kind.value, state__in=_OPEN)
    if same.exists():
        raise Conflict("This was asked already.", remedy="It waits for the administrators.")
    asked = DataRequest.objects.create(
        kind=kind.value,
        person=person,
        asked_by=by,
        asked_at=now,
        due_on=(now + DUE_AFTER).date(),
        words=words.strip()[:1000],
    )
    ask(
        organization_id=person.organization_id,
        asked=Ask(
            kind=QUEUE_KIND,
            object_kind=OBJECT_KIND,
            object_id=asked.public_id,
            title=_ASKS[kind],
            detail="Due within 30 days",
            url=reverse("data_request", args=[asked.public_id]),
            role=Role.ADMINISTRATOR,
            due_on=asked.due_on,
        ),
        now=now,
    )
    _record(asked, "request.opened", Actor(kind="user", id=by.pk), now)
    return asked


@transaction.atomic
def propose_request(*, asked: DataRequest, by: User, now: datetime) -> Approval:
    """Put an erasure or an export before a second administrator. Raises Conflict."""
    _must_be_open(asked)
    if asked.kind not in _ACTS:
        raise Conflict("A correction needs no second person.", remedy="Answer it instead.")
    approval = propose(
        organization_id=asked.organization_id,
        new=NewApproval(
            act=_ACTS[asked.kind],
            object_kind=OBJECT_KIND,
            object_id=asked.public_id,
            title=f"{'Erase' if asked.kind == RequestKind.ERASE else 'Export'} a person on request",
            # No name: the approval outlives the person. The log of requests tells who it is.
            reason=f"Asked on {asked.asked_at.date()}, due {asked.due_on}; see People, Requests.",
            payload={"request": str(asked.public_id)},
        ),
        by=by,
        now=now,
    )
    DataRequest.objects.filter(pk=asked.pk).update(state=RequestState.APPROVING.value)
    return approval


@transaction.atomic
def answer_request(
    *, asked: DataRequest, state: RequestState, answer: str, by: User, now: datetime
) -> None:
    """Say that a correction is done, or decline a request; the person reads the answer.

    Raises WordsMissing, Conflict.
    """
    _must_be_open(asked)
    if state is RequestState.DONE and asked.kind != RequestKind.CORRECT:
        raise Conflict("This needs a second administrator.", remedy="Propose it instead.")
    if not answer.strip():
        raise WordsMissing("Say what was done, or why not.", field="answer")
    signing = Approval.objects.filter(object_kind=OBJECT_KIND, object_id=str(asked.public_id))
    if signing.filter(state=ApprovalState.OPEN.value).exists():
        raise Conflict(
            "It waits for a second administrator.", remedy="Withdraw the proposal first."
        )
    _close(asked, state, answer, Actor(kind="user", id=by.pk), now)


@transaction.atomic
def withdraw_request(*, asked: DataRequest, by: User, now: datetime) -> None:
    """A person takes the own request back. Raises Conflict when it is decided or being signed."""
    _must_be_open(asked)
    if asked.state == RequestState.APPROVING.value:
        raise Conflict("An administrator is at it already.", remedy="Ask them to stop.")
    actor = Actor(kind="user", id=by.pk)
    _close(asked, RequestState.DECLINED, "Taken back.", actor, now, item=ItemState.WITHDRAWN)


def apply_erasure(*, approval: Approval, actor: Actor, now: datetime) -> None:
    """The second signature under an erasure does it, in the transaction of the signature."""
    asked = _asked(approval)
    _close(asked, RequestState.DONE, "", actor, now)
    counts = erase_person(person=asked.person, actor=actor, now=now)
    DataRequest.objects.filter(pk=asked.pk).update(counts=counts)
    for other in DataRequest.objects.filter(person=asked.person, state__in=_OPEN):
        _close(other, RequestState.DECLINED, "The person was erased.", actor, now)


def apply_export(*, approval: Approval, actor: Actor, now: datetime) -> None:
    """The second signature under an export lets it be fetched once."""
    _close(_asked(approval), RequestState.DONE, "Ready to be fetched once.", actor, now)


@transaction.atomic
def take_copy(*, person: Person, by: User, now: datetime) -> IO[bytes]:
    """A person's own copy, at once. Raises NotTheReceiver for anybody else's."""
    if person.user_id != by.pk:
        raise NotTheReceiver("This is somebody else's data.")
    file, counts = write_copy(person_id=person.pk, now=now)
    record(
        organization_id=person.organization_id,
        actor=Actor(kind="user", id=by.pk),
        action="person.copied",
        object_kind="person",
        object_id=person.public_id,
        changes=counts,
        now=now,
    )
    return file


@transaction.atomic
def fetch_export(*, asked: DataRequest, by: User, now: datetime) -> IO[bytes]:
    """The copy that two administrators signed for: once, for whom `receivers` names.

    Raises NotTheReceiver, Conflict when it was fetched before or a week has passed.
    """
    if by.pk not in receivers(asked=asked):
        raise NotTheReceiver("This copy is for somebody else.")
    file, counts = write_copy(person_id=asked.person_id, now=now)
    ready = DataRequest.objects.filter(
        pk=asked.pk, kind=RequestKind.EXPORT.value, state=RequestState.DONE.value, counts={}
    )
    if ready.filter(done_at__gte=now - COPY_KEPT).update(counts=counts) != 1:
        raise Conflict("This copy was fetched before, or its week is over.", remedy="Ask again.")
    asked.counts = counts
    _record(asked, "request.fetched", Actor(kind="user", id=by.pk), now)
    return file


def receivers(*, asked: DataRequest) -> set[int]:
    """Ids of the logins that may fetch a signed copy: the person's; without one, the two signers'.

    Who can sign in is not made a reader of somebody else's data.
    """
    if asked.person.user_id is not None:
        return {asked.person.user_id}
    signed = Approval.objects.filter(
        act=EXPORT, object_id=str(asked.public_id), state=ApprovalState.APPROVED.value
    )
    approval = signed.order_by("-decided_at", "-pk").first()
    if approval is None or approval.decided_by_id is None:
        return set()
    return {approval.proposed_by_id, approval.decided_by_id}


def _asked(approval: Approval) -> DataRequest:
    asked = DataRequest.objects.select_related("person__user").get(public_id=approval.object_id)
    _must_be_open(asked)
    return asked


def _must_be_open(asked: DataRequest) -> None:
    if asked.state not in _OPEN:
        raise Conflict("This request is closed.", remedy="Open it again to see how.")


def _close(
    asked: DataRequest,
    state: RequestState,
    answer: str,
    actor: Actor,
    now: datetime,
    *,
    item: ItemState = ItemState.DONE,
) -> None:
    changed = DataRequest.objects.filter(pk=asked.pk, state__in=_OPEN).update(
        state=state.value, answer=answer.strip()[:1000], done_at=now
    )
    if changed != 1:
        raise Conflict("This request is closed.", remedy="Open it again to see how.")
    settle(
        organization_id=asked.organization_id,
        kind=QUEUE_KIND,
        object_kind=OBJECT_KIND,
        object_id=asked.public_id,
        outcome=state.value,
        actor=actor,
        now=now,
        state=item,
    )
    asked.refresh_from_db(fields=["state", "answer", "done_at"])
    _record(asked, f"request.{state.value}", actor, now)


def _record(asked: DataRequest, action: str, actor: Actor, now: datetime) -> None:
    record(
        organization_id=asked.organization_id,
        actor=actor,
        action=action,
        object_kind=OBJECT_KIND,
        object_id=asked.public_id,
        changes={"kind": asked.kind},
        now=now,
    )
