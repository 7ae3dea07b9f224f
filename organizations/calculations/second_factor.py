"""Who needs a second factor, by when, and how long one use of it counts (SECURITY 9)."""

from datetime import datetime, timedelta

from organizations.calculations.roles import Role

NEEDED_BY = frozenset({Role.ADMINISTRATOR, Role.PROGRAM_LEAD, Role.EXECUTIVE, Role.FACILITATOR})
GRACE = timedelta(days=7)
FRESH_FOR = timedelta(minutes=10)


def days_left(*, first_signed_in_at: datetime | None, now: datetime) -> int:
    """Started days until the second factor is due; 0 once it is overdue.

    Who has no first sign-in yet has the whole time.
    """
    if first_signed_in_at is None:
        return GRACE.days
    left = first_signed_in_at + GRACE - now
    return max(0, -(-left // timedelta(days=1)))


def is_fresh(*, used_at: float, now: float) -> bool:
    """Whether a use at that second since 1970 still counts."""
    return 0 <= now - used_at <= FRESH_FOR.total_seconds()
