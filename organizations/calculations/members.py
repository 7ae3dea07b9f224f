"""Rules of membership: how long an invitation and a facilitation last, who must stay."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from organizations.calculations.roles import LABELS, PRECEDENCE, Role

INVITATION_LIVES = timedelta(days=7)
MOST_INVITATIONS = 50
# A facilitator stays for so long after the last day of a sprint; without any sprint, from today.
AFTER_SPRINT = timedelta(days=14)
WITHOUT_SPRINT = timedelta(days=30)
LONGEST_STAND_IN = timedelta(days=366)
# Roles whose work somebody else can do meanwhile, and who may be asked to do it.
STAND_IN_ROLES = frozenset({Role.ADMINISTRATOR, Role.PROGRAM_LEAD, Role.CHAMPION, Role.EXECUTIVE})


def facilitation_end(*, sprint_ends_on: date | None, today: date) -> date:
    """The last day a facilitator invited today may have (SECURITY 9).

    Fourteen days after the sprint; thirty days from today while there is no sprint to end.

    >>> facilitation_end(sprint_ends_on=date(2026, 12, 31), today=date(2026, 12, 1))
    datetime.date(2027, 1, 14)
    """
    if sprint_ends_on is None or sprint_ends_on + AFTER_SPRINT < today:
        return today + WITHOUT_SPRINT
    return sprint_ends_on + AFTER_SPRINT


def is_open(
    *,
    expires_at: datetime,
    accepted_at: datetime | None,
    revoked_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether an invitation still lets somebody in: to the second, the end excluded."""
    return accepted_at is None and revoked_at is None and now < expires_at


def role_words(roles: Iterable[Role]) -> str:
    """Roles in the order of their first screens: "Program lead, administrator".

    >>> role_words({Role.ADMINISTRATOR, Role.PROGRAM_LEAD})
    'Program lead, administrator'
    """
    held = set(roles)
    words = ", ".join(LABELS[role] for role in PRECEDENCE if role in held)
    return words[:1] + words[1:].lower()


def addresses_in(text: str) -> tuple[str, ...]:
    """Addresses as pasted, one a line or parted by commas; folded, each once, in their order.

    >>> addresses_in("Ann@x.test, bob@x.test;\\n\\nann@x.test")
    ('ann@x.test', 'bob@x.test')
    """
    parts = text.replace(",", "\n").replace(";", "\n").split("\n")
    return tuple(dict.fromkeys(part.strip().casefold() for part in parts if part.strip()))
