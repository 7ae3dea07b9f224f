"""What a proposal says, its states, and how long an answer may take."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portfolio.calculations.stages import Origin


class ProposalState(StrEnum):
    OPEN = "open"
    ASKED = "asked"
    ACCEPTED = "accepted"
    JOINED = "joined"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


WORDS = {
    ProposalState.OPEN: "Waits for the program lead",
    ProposalState.ASKED: "Waits for the proposer",
    ProposalState.ACCEPTED: "Became an initiative",
    ProposalState.JOINED: "Joined to an initiative",
    ProposalState.DECLINED: "Declined",
    ProposalState.WITHDRAWN: "Withdrawn",
}
# While it is undecided the proposer may change it or take it back, and the lead may decide.
UNDECIDED = frozenset({ProposalState.OPEN, ProposalState.ASKED})
DAYS_TO_TRIAGE = 14


@dataclass(frozen=True, kw_only=True)
class ProposalValues:
    """The guided problem statement. Ids were looked up inside the organization."""

    title: str
    problem: str
    outcome: str
    metric: str
    baseline: str
    target: str
    target_date: date
    origin: Origin
    department_id: int | None = None
