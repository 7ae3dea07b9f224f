"""States of a job and of an import batch, and when a night is due."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

NIGHT_STARTS = time(2, 0)
MAX_ATTEMPTS = 5
LONGEST_CATCH_UP = timedelta(days=35)


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class BatchState(StrEnum):
    RECEIVED = "received"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    DEAD = "dead"
    PREVIEW = "preview"
    DISCARDED = "discarded"
    UNDONE = "undone"


class BatchKind(StrEnum):
    USAGE = "usage"
    PEOPLE = "people"
    INITIATIVES = "initiatives"
    ELIGIBILITY = "eligibility"


def nights_due(*, now: datetime, time_zone: str, last_done: date | None) -> list[date]:
    """The local days whose nightly run is due, oldest first, at most 35 days back.

    A night belongs to the local day on which it runs and is due from 02:00 local time. Without any
    completed night only the newest is due: there is nothing older to keep.
    """
    local = now.astimezone(ZoneInfo(time_zone))
    newest = local.date() if local.time() >= NIGHT_STARTS else local.date() - timedelta(days=1)
    if last_done is None:
        return [newest]
    first = max(last_done + timedelta(days=1), newest - LONGEST_CATCH_UP + timedelta(days=1))
    return [first + timedelta(days=n) for n in range((newest - first).days + 1)]
