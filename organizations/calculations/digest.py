"""When a member's digest is due, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from organizations.calculations.choices import Digest

AT = time(7)
MONDAY = 0
MOST_LINES = 20


@dataclass(frozen=True, kw_only=True)
class DigestLine:
    """One thing that waits. due_on: its last day, None without one."""

    title: str
    kind: str
    due_on: date | None
    overdue: bool


def digest_day(*, choice: Digest, zone: str, now: datetime) -> date | None:
    """The local day whose digest is due at this instant; None while none is.

    From seven in the morning in the member's zone until midnight, so that a worker that was away
    still writes it; a weekly digest is Monday's.

    >>> from datetime import UTC
    >>> digest_day(choice=Digest.DAILY, zone="UTC", now=datetime(2026, 3, 3, 7, 0, tzinfo=UTC))
    datetime.date(2026, 3, 3)
    """
    local = now.astimezone(ZoneInfo(zone))
    if choice is Digest.OFF or local.time() < AT:
        return None
    if choice is Digest.WEEKLY and local.weekday() != MONDAY:
        return None
    return local.date()


def digest_subject(*, waiting: int, overdue: int, organization: str) -> str:
    """How many decisions wait, and how many of them are overdue.

    >>> digest_subject(waiting=3, overdue=1, organization="Acme")
    '3 decisions wait for you at Acme, 1 overdue'
    """
    words = "decision waits" if waiting == 1 else "decisions wait"
    late = f", {overdue} overdue" if overdue else ""
    return f"{waiting} {words} for you at {organization}{late}"


def digest_left(lines: Sequence[DigestLine]) -> int:
    """How many lines a mail does not name."""
    return max(0, len(lines) - MOST_LINES)
