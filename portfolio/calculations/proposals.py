"""States of a proposal and what may follow what."""

from enum import StrEnum


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
