"""One person's usage: the person's own copy of it, and its end.

Published figures stay what they were. What the person added to them is kept as counts of groups,
because a later recount finds the person's weeks no more.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np

from adoption.models import AdoptionState, PersonWeek, UsageFact, UsageFactHistory, WeekMask
from adoption.refresh import groups, masks
from adoption.refresh.frame import data_weeks, execute, look, rows
from organizations import scope
from organizations.registry import PersonData
from portfolio.models import Initiative

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('adoption.refresh', %(org)s))"
# By the key, day by day: the table has no index on subjects.
_FACTS_OF = """
SELECT f.period_start, f.initiative_id, f.surface, f.grain, f.active, f.active_days,
       f.interactions, f.sessions, f.requests, f.tokens_in, f.tokens_out, f.minutes_claimed,
       f.cost_micros, f.currency
  FROM organizations_subjectlink l
  JOIN organizations_subject s ON s.organization_id = l.organization_id AND s.id = l.subject_id
 CROSS JOIN LATERAL generate_series(s.first_seen, s.last_seen, interval '1 day') d
 CROSS JOIN LATERAL (
    SELECT * FROM adoption_usagefact u
     WHERE u.organization_id = %(org)s AND u.period_start = d::date AND u.subject_id = s.id
    OFFSET 0) f
 WHERE l.organization_id = %(org)s AND l.person_id = %(person)s AND l.span @> f.period_start
   AND f.state = 1
 ORDER BY f.period_start, f.initiative_id, f.surface, f.grain
"""
# A subject that was somebody else as well loses only the days of this person.
_DELETE_OF = """
DELETE FROM {table} u
 USING organizations_subjectlink l
  JOIN organizations_subject s ON s.organization_id = l.organization_id AND s.id = l.subject_id
 WHERE l.organization_id = %(org)s AND l.person_id = %(person)s
   AND u.organization_id = %(org)s AND u.subject_id = s.id
   AND u.period_start BETWEEN s.first_seen AND s.last_seen
   AND (l.span @> u.period_start
        OR NOT EXISTS (SELECT 1 FROM organizations_subjectlink o
                        WHERE o.organization_id = %(org)s AND o.subject_id = s.id
                          AND o.person_id <> %(person)s))
"""
FACTS_HEADER: Final = (
    *("period start", "initiative", "surface", "grain", "active", "active days", "interactions"),
    *("sessions", "requests", "tokens in", "tokens out", "minutes claimed"),
    *("cost in millionths", "currency"),
)
WEEKS_HEADER: Final = ("week", "initiative", "days with use", "uses", "counts as use")
MASKS_HEADER: Final = (
    *("initiative", "first week", "weeks eligible", "weeks active", "weeks active, not eligible"),
    *("active weeks before", "a habit before"),
)


def copy_facts(*, person_id: int) -> Iterator[tuple[Any, ...]]:
    """What sources stated of the person, as it was counted."""
    names = _names()
    found = rows(_FACTS_OF, {"org": scope.current(), "person": person_id})
    return ((day, names[initiative], *rest) for day, initiative, *rest in found)


def erase_facts(*, person_id: int, now: datetime) -> int:
    """Delete facts and what they said before they were corrected. Returns how many."""
    params = {"org": scope.current(), "person": person_id}
    tables = (UsageFact._meta.db_table, UsageFactHistory._meta.db_table)
    return sum(execute(_DELETE_OF.format(table=table), params) for table in tables)


def copy_weeks(*, person_id: int) -> Iterator[tuple[Any, ...]]:
    """What was counted per week and initiative."""
    names = _names()
    found = PersonWeek.objects.filter(person_id=person_id).order_by("week", "initiative_id")
    for row in found:
        yield row.week, names[row.initiative_id], row.active_days, row.interactions, row.used


def erase_weeks(*, person_id: int, now: datetime) -> int:
    """Delete the person's weeks. Returns how many."""
    return int(PersonWeek.objects.filter(person_id=person_id).delete()[0])


def copy_masks(*, person_id: int) -> Iterator[tuple[Any, ...]]:
    """In how many weeks the person could use an initiative, and did."""
    names, base = _names(), _base_week()
    for row in WeekMask.objects.filter(person_id=person_id).order_by("initiative_id"):
        yield (
            names[row.initiative_id],
            base,
            (row.eligible_mask & masks.BITS).bit_count(),
            row.active_mask.bit_count(),
            row.outside_mask.bit_count(),
            row.used_before,
            row.habit_before,
        )


def erase_masks(*, person_id: int, now: datetime) -> int:
    """Keep what the person added to published figures, then delete the masks. Returns how many."""
    organization_id = scope.current()
    execute(_LOCK, {"org": organization_id})
    state = AdoptionState.objects.filter(pk=organization_id).first()
    if state is not None and state.last_week is not None:
        frame = replace(
            look(organization_id=organization_id, now=now, state=state),
            base=state.base_week,
            last=state.last_week,
        )
        person = np.array([person_id], dtype=np.int64)
        tally = groups.Tally(frame=frame, data=data_weeks(frame), people=person)
        tally.add(masks.load(frame, people=person))
        groups.keep(frame, tally=tally)
    return int(WeekMask.objects.filter(person_id=person_id).delete()[0])


def _names() -> dict[int, str]:
    return {0: "any", **dict(Initiative.objects.values_list("pk", "name"))}


def _base_week() -> date | None:
    return (
        AdoptionState.objects.values_list("base_week", flat=True).filter(pk=scope.current()).first()
    )


# In the order in which they may be copied; they are erased from the last to the first.
PERSON_DATA: Final = (
    PersonData(name="usage", header=FACTS_HEADER, copy=copy_facts, erase=erase_facts),
    PersonData(name="usage_by_week", header=WEEKS_HEADER, copy=copy_weeks, erase=erase_weeks),
    PersonData(name="usage_in_short", header=MASKS_HEADER, copy=copy_masks, erase=erase_masks),
)
