"""Proposals, as everybody who may propose reads them. Names are for those who answer."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from organizations.errors import NotFound
from portfolio.calculations.proposals import UNDECIDED, ProposalState
from portfolio.calculations.similarity import Similar
from portfolio.models import Proposal
from portfolio.reports.register import similar_initiatives
from ui.formats import integer

PROPOSALS_PER_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class ProposalFilter:
    """Whose proposals, and in which state; `user_id` None: everybody's."""

    user_id: int | None
    state: ProposalState | None = None


@dataclass(frozen=True, kw_only=True)
class ProposalList:
    """A page of proposals. `waiting` and `total` count whatever the state asked for."""

    page: Page[Proposal]
    total: int
    waiting: int
    found: int

    @property
    def title(self) -> str:
        if not self.total:
            return "No proposal yet"
        noun = "proposal" if self.total == 1 else "proposals"
        verb = "waits" if self.waiting == 1 else "wait"
        return f"{integer(self.waiting)} of {integer(self.total)} {noun} {verb} for an answer"


@dataclass(frozen=True, kw_only=True)
class ProposalReport:
    """One proposal with what reads like it in the register."""

    proposal: Proposal
    state: ProposalState
    undecided: bool
    age_days: int
    similar: tuple[Similar, ...]


def proposals_report(*, wanted: ProposalFilter, page: str | None) -> ProposalList:
    """Proposals, newest first."""
    mine = _whose(wanted.user_id)
    shown = mine.filter(state=wanted.state.value) if wanted.state else mine
    found = Paginator(shown.order_by("-proposed_at", "-pk"), PROPOSALS_PER_PAGE)
    return ProposalList(
        page=found.get_page(page),
        total=mine.count(),
        waiting=mine.filter(state__in=UNDECIDED).count(),
        found=found.count,
    )


def find_proposal(*, public_id: uuid.UUID) -> Proposal:
    """One proposal. Raises NotFound."""
    proposal = _whose(None).filter(public_id=public_id).first()
    if proposal is None:
        raise NotFound("There is no such proposal.", remedy="Go back to the list of proposals.")
    return proposal


def proposal_report(*, public_id: uuid.UUID, now: datetime) -> ProposalReport:
    """One proposal for its page. Raises NotFound."""
    proposal = find_proposal(public_id=public_id)
    state = ProposalState(proposal.state)
    return ProposalReport(
        proposal=proposal,
        state=state,
        undecided=state in UNDECIDED,
        age_days=(now - proposal.proposed_at).days,
        similar=tuple(similar_initiatives(name=proposal.title)),
    )


def _whose(user_id: int | None) -> QuerySet[Proposal]:
    proposals = Proposal.objects.select_related(
        "proposed_by", "decided_by", "department", "initiative"
    )
    return proposals if user_id is None else proposals.filter(proposed_by_id=user_id)
