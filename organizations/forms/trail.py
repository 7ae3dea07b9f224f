"""What an address asks of the audit trail."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict

from organizations.calculations.entries import TrailFilter
from organizations.reports.trail import actor_id_of, groups

NOBODY = 0
# The greatest number of an entry; a longer one is no number of ours.
LAST = 2**63 - 1


def trail_filter(query: QueryDict, *, zone: ZoneInfo) -> TrailFilter:
    """The filter of an address; values it does not know are left out. Days are those of `zone`."""
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    group = query.get("what", "")
    return TrailFilter(
        since=_start(first, zone) if first else None,
        until=_start(last + timedelta(days=1), zone) if last and last < date.max else None,
        actor=_actor(query.get("who", "")),
        group=group if group in groups() else "",
        about=query.get("object", "").replace("\x00", "").strip()[:60],
    )


def place(text: str | None) -> int | None:
    """The sequence number that an address names, or None."""
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None
    return None if number is None else min(number, LAST)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _actor(text: str) -> tuple[str, int | None] | None:
    """ "user:<public id>", "key:<public id>", or a kind alone. A stranger's id finds nothing."""
    kind, _, public_id = text.partition(":")
    if kind not in ("user", "key", "link", "system"):
        return None
    if not public_id:
        return kind, None
    try:
        found = actor_id_of(kind=kind, public_id=str(UUID(public_id)))
    except ValueError:
        found = None
    return kind, NOBODY if found is None else found
