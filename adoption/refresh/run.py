"""Bring an organization's adoption figures up to date with its facts.

One transaction: it takes the marks, redoes what they name, and what follows from it: weeks of
people, weeks of sources, masks, counts of groups. Few changes are applied as differences, many by
counting all masks again; both give the same rows, and so does a rebuild from the facts.
"""

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from django.db import transaction
from django.db.models import F

from adoption.calculations.weeks import DEFINITION_VERSION, Ints
from adoption.models import AdoptionState
from adoption.refresh import groups, marks, masks, people, sources
from adoption.refresh.frame import Frame, data_weeks, execute, look, rows
from adoption.refresh.marks import Marks

# Up to this many people it is cheaper to add up differences than to count everybody again.
FEW_PEOPLE: Final = 1000

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('adoption.refresh', %(org)s))"
# The last day that a day or a week has spoken of. Facts start at most a week before their end.
_DATA_THROUGH = """
SELECT max(period_end) - 1 FROM adoption_usagefact
 WHERE organization_id = %(org)s AND state = 1 AND grain IN ('day', 'week')
   AND period_start >= coalesce(%(known)s::date - 7,
        (SELECT min(period_start) FROM adoption_usagefact WHERE organization_id = %(org)s))
"""
# For a few changed rows: what they reach, or the day known so far, while some fact still proves it.
_DATA_THROUGH_OF_FEW = """
SELECT CASE WHEN EXISTS (
    SELECT 1 FROM adoption_usagefact
     WHERE organization_id = %(org)s AND state = 1 AND period_end = %(known)s::date + 1
       AND (grain = 'day' AND period_start = %(known)s
            OR grain = 'week' AND period_start = %(known)s::date - 6)
       AND period_start IN (%(known)s, %(known)s::date - 6))
THEN greatest((SELECT max(through) FROM refresh_fresh), %(known)s) END
"""
# Facts of subjects that nobody knows leave no mark, and yet the data reaches as far as they do.
# A batch may have ended before the last refresh and been committed after it: hence the minutes.
_STRANGERS = """
SELECT EXISTS (
    SELECT 1 FROM organizations_importbatch
     WHERE organization_id = %(org)s AND kind = 'usage' AND unmatched > 0
       AND finished_at > %(since)s::timestamptz - interval '15 minutes')
"""
_NEWEST_BATCH = """
SELECT max(number) FROM organizations_importbatch
 WHERE organization_id = %(org)s AND kind = 'usage' AND state = 'done'
"""


@transaction.atomic
def refresh_adoption(*, organization_id: int, now: datetime, full: bool = False) -> int:
    """Redo what is marked out of date; with ``full``, everything from the facts.

    Returns the number of rows that changed: 0 when every figure already was what it should be.
    Refreshes of one organization wait for each other.
    """
    execute(_LOCK, {"org": organization_id})
    state = AdoptionState.objects.filter(pk=organization_id).first()
    frame = look(organization_id=organization_id, now=now, state=state)
    taken = marks.take(frame)
    known = state if state is not None and state.base_week == frame.base else None
    if full or taken.everything or known is None or known.last_week is None:
        changed = _rebuild(frame)
    else:
        changed = _repair(frame, taken=taken, last_week=known.last_week)
    through = _data_through(
        frame,
        known=None if state is None else state.data_through,
        few=not (full or taken.everything or taken.everybody_weeks or known is None)
        and known.last_week == frame.last
        and not rows(_STRANGERS, frame.params(since=known.computed_at))[0][0],
    )
    _save(frame, state=state, changed=changed, through=through, now=now)
    return changed


def _rebuild(frame: Frame) -> int:
    changed = people.rebuild(frame)
    sources.rebuild(frame)
    data = data_weeks(frame)
    changed += masks.redo(frame, people=masks.all_people(frame), data=data)
    changed += sources.settle_any(frame, silent=sources.silent_initiatives(frame))
    return changed + _count_all(frame)


def _repair(frame: Frame, *, taken: Marks, last_week: date) -> int:
    changed = people.repair(frame, pairs=taken.pairs)
    weeks = sources.repair(frame, new_since=last_week)
    if weeks and min(weeks) < frame.base + timedelta(weeks=4) and frame.before:
        # What happened before the base is kept as sums over data weeks, and those have changed.
        return changed + _rebuild(frame)
    again = taken.groups or taken.people > FEW_PEOPLE or bool(weeks) or last_week != frame.last
    if again:
        changed += _redo_masks(frame, masks.touched_people(frame))
        return changed + _settle(frame) + _count_all(frame)
    if not taken.people:
        return changed
    return changed + _apply_difference(frame, masks.touched_people(frame))


def _redo_masks(frame: Frame, touched: Ints) -> int:
    return masks.redo(frame, people=touched, data=data_weeks(frame)) if len(touched) else 0


def _settle(frame: Frame) -> int:
    return sources.settle_any(frame, silent=sources.silent_initiatives(frame))


def _apply_difference(frame: Frame, touched: Ints) -> int:
    data = data_weeks(frame)
    stored = masks.load(frame, people=touched)
    changed = masks.redo(frame, people=touched, data=data)
    if not changed:
        return 0
    before, after = masks.differing(stored, masks.load(frame, people=touched))
    tally = groups.Tally(frame=frame, data=data, people=touched)
    tally.add(before, sign=-1)
    tally.add(after)
    if _eligibility_differs(before, after):
        changed += _settle(frame)
    return changed + groups.shift(frame, tally=tally)


def _eligibility_differs(before: masks.Masks, after: masks.Masks) -> bool:
    """Only eligible people make a silent week of an initiative partial for any initiative."""
    return not np.array_equal(_sorted_eligibility(before), _sorted_eligibility(after))


def _sorted_eligibility(found: masks.Masks) -> Ints:
    table = np.stack([found.person, found.initiative, found.eligible])
    return table[:, np.lexsort(table[:2])]


def _count_all(frame: Frame) -> int:
    tally = groups.Tally(frame=frame, data=data_weeks(frame))
    tally.add(masks.load(frame))
    return groups.replace(frame, tally=tally)


def _save(
    frame: Frame, *, state: AdoptionState | None, changed: int, through: date | None, now: datetime
) -> None:
    values = {
        "base_week": frame.base,
        "last_week": frame.last,
        "data_through": through,
        "batch_number": rows(_NEWEST_BATCH, frame.params())[0][0],
        "definition_version": DEFINITION_VERSION,
    }
    if state is None:
        AdoptionState.objects.create(
            organization_id=frame.organization_id, computed_at=now, version=1, **values
        )
        return
    same = all(getattr(state, name) == value for name, value in values.items())
    AdoptionState.objects.filter(pk=state.pk).update(
        computed_at=now, version=F("version") + (0 if same and not changed else 1), **values
    )


def _data_through(frame: Frame, *, known: date | None, few: bool) -> date | None:
    """Looks at the few changed rows, else near the day known so far, else through all facts."""
    tries = [(_DATA_THROUGH_OF_FEW, known)] if few else []
    for query, day in [*tries, (_DATA_THROUGH, known), (_DATA_THROUGH, None)]:
        found: date | None = rows(query, frame.params(known=day))[0][0]
        if found is not None:
            return found
    return None
