"""The end of person-level usage. Figures of groups stay; what they were counted from goes."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from adoption.models import (
    HISTORY_KEPT,
    AdoptionState,
    FullSlice,
    KeptGroupWeek,
    PersonWeek,
)
from adoption.querysets import events
from adoption.refresh.frame import LOOKBACK, execute, rows
from adoption.sources.catalogue import SOURCES
from organizations.calculations.retention import first_day_kept
from organizations.dirty import EVERYBODY, ask_refresh, mark_span
from organizations.models import Organization

# An organization that shortens its time by years is worked off in a few nights.
MONTHS_A_NIGHT: Final = 6

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('adoption.refresh', %(org)s))"
_OLDEST = "SELECT min(period_start) FROM adoption_usagefact WHERE organization_id = %(org)s"
_FACTS = """
DELETE FROM adoption_usagefact
 WHERE organization_id = %(org)s AND period_start >= %(oldest)s AND period_start < %(end)s
"""
_HISTORY = """
DELETE FROM adoption_usagefacthistory
 WHERE organization_id = %(org)s AND (replaced_at < %(replaced)s OR period_start < %(end)s)
"""


@transaction.atomic
def forget_old_usage(*, organization_id: int, now: datetime) -> int:
    """Delete facts and weeks of people from before the months that are kept. Returns the rows.

    Figures of groups become final for as long as a window reaches back into what is gone; they are
    computed no more, whatever arrives late.
    """
    organization = Organization.objects.get(pk=organization_id)
    today = now.astimezone(ZoneInfo(organization.time_zone)).date()
    kept = first_day_kept(today=today, months=organization.usage_months)
    execute(_LOCK, {"org": organization_id})
    params = {"org": organization_id, "replaced": now - HISTORY_KEPT, "end": kept}
    oldest: date | None = rows(_OLDEST, params)[0][0]
    if oldest is None or oldest >= kept:
        return execute(_HISTORY, params)
    end = min(kept, _months_after(oldest, MONTHS_A_NIGHT))
    gone = execute(_FACTS, params | {"oldest": oldest, "end": end})
    gone += execute(_HISTORY, params | {"end": end})
    gone += PersonWeek.objects.filter(week__lt=end).delete()[0]
    gone += FullSlice.objects.filter(end_day__lte=end).delete()[0]
    if gone:
        _settle(organization_id, end, now)
    return gone


def _settle(organization_id: int, end: date, now: datetime) -> None:
    """Make the weeks final that can be counted no more, and have the rest counted again."""
    state = AdoptionState.objects.filter(pk=organization_id).first()
    if state is None or state.last_week is None:
        return
    first_whole = end + timedelta(days=-end.weekday() % 7)
    final = min(first_whole + LOOKBACK, state.last_week + timedelta(weeks=1))
    final = max(final, state.final_before or final)
    AdoptionState.objects.filter(pk=organization_id).update(final_before=final)
    KeptGroupWeek.objects.filter(week__lt=final).delete()
    mark_span(organization_id=organization_id, person_ids=[EVERYBODY])
    ask_refresh(organization_id=organization_id, now=now)


def _months_after(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def forget_old_events(*, organization_id: int, now: datetime) -> int:
    """Forget which single events were counted once they are too old to be taken again."""
    return sum(
        events.forget(
            organization_id=organization_id,
            source=source.name,
            # One day more than the import looks back: nothing is forgotten before it is refused.
            before=(now - timedelta(days=source.remembered_days + 1)).date(),
        )
        for source in SOURCES.values()
        if source.adds
    )
