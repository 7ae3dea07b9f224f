"""Anybody may propose an initiative; the program lead answers from the decision queue."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from organizations.actions.mail import NewMail, post
from organizations.actions.queue import Ask, ask, settle
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ItemState
from organizations.calculations.roles import Role
from organizations.errors import Conflict, LastMileError
from organizations.models import Membership, Organization, User
from portfolio.actions.initiatives import InitiativeValues, VagueOutcome
from portfolio.actions.registration import register_initiative
from portfolio.calculations.proposals import (
    DAYS_TO_TRIAGE,
    UNDECIDED,
    ProposalState,
    ProposalValues,
)
from portfolio.calculations.stages import Origin, Stage
from portfolio.calculations.statement import GOOD_OUTCOME, vague_outcome
from portfolio.models import Initiative, Proposal

TRIAGE = "proposal"
QUESTION = "proposal_question"


class AnswerMissing(LastMileError):
    code = "answer_missing"


@transaction.atomic
def propose_initiative(
    *, organization_id: int, values: ProposalValues, by: User, now: datetime
) -> Proposal:
    """Put a problem before the program leads. Raises VagueOutcome."""
    _must_say_something(values)
    proposal = Proposal.objects.create(
        organization_id=organization_id, proposed_by=by, proposed_at=now, **_columns(values)
    )
    _record(proposal, "proposal.made", _actor(by), now)
    _wait_for_lead(proposal, now)
    return proposal


@transaction.atomic
def change_proposal(*, proposal: Proposal, values: ProposalValues, by: User, now: datetime) -> None:
    """Change what one proposed, or answer the lead's question by it. Raises Conflict."""
    _must_say_something(values)
    changed = _undecided(proposal, by).update(state=ProposalState.OPEN, **_columns(values))
    if changed != 1:
        raise _decided()
    proposal.refresh_from_db()
    _settle(proposal, QUESTION, "changed", by, now)
    _record(proposal, "proposal.changed", _actor(by), now)
    _wait_for_lead(proposal, now)


@transaction.atomic
def withdraw_proposal(*, proposal: Proposal, by: User, now: datetime) -> None:
    """Take one's own proposal back. Raises Conflict when it is decided."""
    if _undecided(proposal, by).update(state=ProposalState.WITHDRAWN, decided_at=now) != 1:
        raise _decided()
    for kind in (TRIAGE, QUESTION):
        _settle(proposal, kind, "withdrawn", by, now, state=ItemState.WITHDRAWN)
    _record(proposal, "proposal.withdrawn", _actor(by), now)


@transaction.atomic
def ask_proposer(*, proposal: Proposal, question: str, by: User, now: datetime) -> None:
    """Send it back with a question. Raises AnswerMissing, Conflict."""
    _answer(proposal, ProposalState.ASKED, question, by, now)
    proposer = proposal.proposed_by
    if proposer is not None and _is_member(proposer):
        ask(
            organization_id=proposal.organization_id,
            asked=Ask(
                kind=QUESTION,
                object_kind="proposal",
                object_id=proposal.public_id,
                title=f"Answer a question about “{proposal.title}”",
                detail=question[:400],
                url=reverse("proposal", args=[proposal.public_id]),
                owner=proposer,
                due_on=_due(now),
            ),
            now=now,
        )


@transaction.atomic
def accept_proposal(
    *, proposal: Proposal, key: str, answer: str, by: User, now: datetime
) -> Initiative:
    """Register it as a proposed initiative. Raises BadKey, Conflict on a taken key."""
    made = register_initiative(
        organization_id=proposal.organization_id,
        values=InitiativeValues(
            key=key,
            name=proposal.title,
            stage=Stage.PROPOSED,
            outcome=proposal.outcome,
            metric=proposal.metric,
            baseline=proposal.baseline,
            target=proposal.target,
            target_date=proposal.target_date,
            department_id=proposal.department_id,
            origin=Origin(proposal.origin),
        ),
        similar_keys=[],
        reason=answer,
        actor=_actor(by),
        now=now,
    )
    _answer(proposal, ProposalState.ACCEPTED, answer or "Registered.", by, now, initiative=made)
    return made


@transaction.atomic
def join_proposal(
    *, proposal: Proposal, initiative: Initiative, answer: str, by: User, now: datetime
) -> None:
    """Say which initiative already solves it. Raises AnswerMissing, Conflict."""
    _answer(proposal, ProposalState.JOINED, answer, by, now, initiative=initiative)


@transaction.atomic
def decline_proposal(*, proposal: Proposal, answer: str, by: User, now: datetime) -> None:
    """Say no, with the reason. Raises AnswerMissing, Conflict."""
    _answer(proposal, ProposalState.DECLINED, answer, by, now)


def _answer(
    proposal: Proposal,
    state: ProposalState,
    answer: str,
    by: User,
    now: datetime,
    *,
    initiative: Initiative | None = None,
) -> None:
    if not answer.strip():
        raise AnswerMissing(
            "Say why.", field="answer", remedy="The proposer reads it, so that it helps next time."
        )
    changed = Proposal.objects.filter(pk=proposal.pk, state__in=UNDECIDED).update(
        state=state.value,
        answer=answer[:1000],
        decided_by=by,
        decided_at=now,
        initiative=initiative,
    )
    if changed != 1:
        raise _decided()
    proposal.refresh_from_db()
    for kind in (TRIAGE, QUESTION):
        _settle(proposal, kind, state.value, by, now)
    _record(proposal, f"proposal.{state.value}", _actor(by), now)
    _tell_proposer(proposal, now)


def _tell_proposer(proposal: Proposal, now: datetime) -> None:
    proposer = proposal.proposed_by
    if proposer is None or not _is_member(proposer):
        return
    post(
        new=NewMail(
            kind="proposal_answered",
            address=proposer.email,
            subject=f"Your proposal “{proposal.title}” was answered",
            text=(
                f"You proposed “{proposal.title}”. The answer:\n\n{proposal.answer}\n\n"
                "Open Last Mile, then Proposals, to read on.\n"
            ),
        ),
        organization=Organization.objects.get(pk=proposal.organization_id),
        user=proposer,
        now=now,
    )


def _wait_for_lead(proposal: Proposal, now: datetime) -> None:
    ask(
        organization_id=proposal.organization_id,
        asked=Ask(
            kind=TRIAGE,
            object_kind="proposal",
            object_id=proposal.public_id,
            title=f"Answer the proposal “{proposal.title}”",
            detail=proposal.outcome,
            url=reverse("proposal", args=[proposal.public_id]),
            role=Role.PROGRAM_LEAD,
            due_on=_due(now),
        ),
        now=now,
    )


def _due(now: datetime) -> date:
    return (now + timedelta(days=DAYS_TO_TRIAGE)).date()


def _undecided(proposal: Proposal, by: User) -> Any:
    return Proposal.objects.filter(pk=proposal.pk, proposed_by=by, state__in=UNDECIDED)


def _decided() -> Conflict:
    return Conflict("This proposal is decided already.", remedy="Open it again to see how.")


def _must_say_something(values: ProposalValues) -> None:
    if vague_outcome(values.outcome):
        raise VagueOutcome(
            "Say what will be different, and by how much.",
            field="outcome",
            remedy=f"Write it like: {GOOD_OUTCOME}.",
        )


def _columns(values: ProposalValues) -> dict[str, Any]:
    return asdict(values) | {"origin": values.origin.value}


def _is_member(user: User) -> bool:
    return Membership.objects.filter(user=user).exists()


def _settle(
    proposal: Proposal,
    kind: str,
    outcome: str,
    by: User,
    now: datetime,
    *,
    state: ItemState = ItemState.DONE,
) -> None:
    settle(
        organization_id=proposal.organization_id,
        kind=kind,
        object_kind="proposal",
        object_id=proposal.public_id,
        outcome=outcome,
        actor=_actor(by),
        now=now,
        state=state,
    )


def _record(proposal: Proposal, action: str, actor: Actor, now: datetime) -> None:
    record(
        organization_id=proposal.organization_id,
        actor=actor,
        action=action,
        object_kind="proposal",
        object_id=proposal.public_id,
        changes={"initiative": proposal.initiative.key} if proposal.initiative else None,
        now=now,
    )


def _actor(user: User) -> Actor:
    return Actor(kind="user", id=user.pk)
