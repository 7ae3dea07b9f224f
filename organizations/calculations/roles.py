"""Roles and the words for them."""

from enum import StrEnum


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    PROGRAM_LEAD = "program_lead"
    CHAMPION = "champion"
    EXECUTIVE = "executive"
    FACILITATOR = "facilitator"
    MEMBER = "member"
    AUDITOR = "auditor"


LABELS = {
    Role.ADMINISTRATOR: "Administrator",
    Role.PROGRAM_LEAD: "Program lead",
    Role.CHAMPION: "Champion",
    Role.EXECUTIVE: "Executive",
    Role.FACILITATOR: "Facilitator",
    Role.MEMBER: "Member",
    Role.AUDITOR: "Auditor",
}

# Somebody with several roles lands on the first screen of the first of these.
PRECEDENCE = (
    Role.PROGRAM_LEAD,
    Role.EXECUTIVE,
    Role.CHAMPION,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    Role.FACILITATOR,
    Role.MEMBER,
)


class Scope(StrEnum):
    """What an API key may do. A scope grants only itself."""

    INGEST_USAGE = "ingest:usage"
    INGEST_PEOPLE = "ingest:people"
    INGEST_INITIATIVES = "ingest:initiatives"
    INGEST_ELIGIBILITY = "ingest:eligibility"
    READ_ADOPTION = "read:adoption"
    READ_PORTFOLIO = "read:portfolio"
    READ_SPRINT = "read:sprint"
    READ_BATCHES = "read:batches"
    READ_QUEUE = "read:queue"


def first_role(roles: frozenset[Role]) -> Role | None:
    """The role whose first screen is shown; None without any."""
    return next((role for role in PRECEDENCE if role in roles), None)


def may_combine(roles: frozenset[Role]) -> bool:
    """A facilitator scores without stake, so that role stands alone in an organization."""
    return Role.FACILITATOR not in roles or len(roles) == 1
