"""From weeks of people to 63-bit masks: who could use what, and who did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adoption.calculations.states import BLOCK_WEEKS, HABIT_AT_LEAST, any_initiative
from adoption.calculations.weeks import Bools, Ints, eligible_weeks, pack, unpack
from adoption.refresh import columns
from adoption.refresh.columns import Columns
from adoption.refresh.frame import WEEKS, Frame, execute

# The mask's last bit is free: it says that the person was eligible in some week before the base.
BEFORE_BIT: Final = WEEKS
BITS: Final = (1 << WEEKS) - 1

# Cells (people by initiatives by weeks) worked on at once; keeps the memory of a rebuild constant.
_CELLS: Final = 16_000_000

_ANY: Final = 0

# Few people are looked up one by one. Many are read as a range of ids, from front to back: the sum
# hides the column from the indexes, for statistics from before a first import would make the
# planner fetch millions of rows in the order of people, each from another page.
_FEW: Final = 1000
_AMONG_FEW: Final = "person_id = ANY(%(people)s)"
_AMONG_MANY: Final = "person_id + 0 BETWEEN %(first)s AND %(final)s"

# Access, employment past the grace after each start, and presence, on one and the same day. Whoever
# has no employment on record counts as employed always.
_INTERVALS = """
WITH access AS (
    SELECT person_id, initiative_id, range_agg(span) AS days
      FROM portfolio_eligibility
     WHERE organization_id = %(org)s AND <among>
     GROUP BY person_id, initiative_id
), employed AS (
    SELECT person_id,
           range_agg(CASE WHEN lower(span) + %(grace)s >= upper(span) THEN 'empty'::daterange
                          ELSE daterange(lower(span) + %(grace)s, upper(span)) END) AS days
      FROM organizations_employment
     WHERE organization_id = %(org)s AND <among>
     GROUP BY person_id
), away AS (
    SELECT person_id, range_agg(span) AS days
      FROM organizations_leave
     WHERE organization_id = %(org)s AND <among>
     GROUP BY person_id
)
SELECT a.person_id::bigint, a.initiative_id::bigint,
       (greatest(lower(r), %(start)s) - DATE '0001-01-01' + 1)::bigint,
       (least(upper(r), %(base)s::date + 7 * %(weeks)s) - DATE '0001-01-01' + 1)::bigint
  FROM access a
  LEFT JOIN employed e ON e.person_id = a.person_id
  LEFT JOIN away w ON w.person_id = a.person_id
 CROSS JOIN LATERAL unnest(
       a.days * coalesce(e.days, datemultirange(daterange(NULL, NULL)))
       - coalesce(w.days, '{}'::datemultirange)) r
"""
_USED = """
SELECT person_id, initiative_id, bit_or(1::bigint << ((week - %(base)s) / 7))
  FROM adoption_personweek
 WHERE organization_id = %(org)s AND <among> AND used
   AND week >= %(base)s AND week < %(base)s::date + 7 * %(weeks)s
 GROUP BY person_id, initiative_id
"""
_USED_BEFORE = """
SELECT person_id, initiative_id, ((week - %(start)s) / 7)::bigint
  FROM adoption_personweek
 WHERE organization_id = %(org)s AND <among> AND used
   AND week >= %(start)s AND week < %(base)s
"""
_MASKS = """
SELECT person_id, initiative_id, eligible_mask, active_mask | outside_mask,
       used_before::bigint, habit_before::integer::bigint
  FROM adoption_weekmask
 WHERE organization_id = %(org)s
"""
_FRESH_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_mask (
    person_id bigint, initiative_id bigint, eligible_mask bigint, active_mask bigint,
    outside_mask bigint, used_before bigint, habit_before bigint
) ON COMMIT DROP;
TRUNCATE refresh_mask
"""
_STORED = """
SELECT person_id, initiative_id FROM adoption_weekmask
 WHERE organization_id = %(org)s AND <among>
"""
_DROP = """
DELETE FROM adoption_weekmask m
 USING unnest(%(gone_people)s::bigint[], %(gone_initiatives)s::bigint[]) AS g (person, initiative)
 WHERE m.organization_id = %(org)s AND m.person_id = g.person AND m.initiative_id = g.initiative
"""
_PUT = """
INSERT INTO adoption_weekmask AS m
    (organization_id, person_id, initiative_id, eligible_mask, active_mask, outside_mask,
     used_before, habit_before)
SELECT %(org)s, person_id, initiative_id, eligible_mask, active_mask, outside_mask,
       used_before, habit_before <> 0
  FROM refresh_mask
    ON CONFLICT (organization_id, person_id, initiative_id) DO UPDATE
   SET eligible_mask = excluded.eligible_mask, active_mask = excluded.active_mask,
       outside_mask = excluded.outside_mask, used_before = excluded.used_before,
       habit_before = excluded.habit_before
 WHERE (m.eligible_mask, m.active_mask, m.outside_mask, m.used_before, m.habit_before)
       IS DISTINCT FROM (excluded.eligible_mask, excluded.active_mask, excluded.outside_mask,
                         excluded.used_before, excluded.habit_before)
"""
_TOUCHED = "SELECT person_id FROM refresh_person ORDER BY person_id"
_ALL_PEOPLE = """
SELECT person_id FROM portfolio_eligibility WHERE organization_id = %(org)s
 UNION
SELECT person_id FROM adoption_personweek WHERE organization_id = %(org)s
 UNION
SELECT person_id FROM adoption_weekmask WHERE organization_id = %(org)s
 ORDER BY 1
"""
_MASK_COLUMNS: Final = (
    "person_id",
    "initiative_id",
    "eligible_mask",
    "active_mask",
    "outside_mask",
    "used_before",
    "habit_before",
)
_NAMES: Final = ("person", "initiative", "eligible", "used", "used_before", "habit_before")


@dataclass(frozen=True, kw_only=True)
class Masks:
    """Mask rows as columns, ordered by nothing."""

    person: Ints
    initiative: Ints
    eligible: Ints
    used: Ints
    used_before: Ints
    habit_before: Bools

    @property
    def eligible_before(self) -> Bools:
        known: Bools = (self.eligible >> BEFORE_BIT & 1).astype(np.bool_)
        return known

    def of(self, initiative: int) -> "Masks":
        return self.where(self.initiative == initiative)

    def where(self, kept: Bools) -> "Masks":
        return Masks(
            person=self.person[kept],
            initiative=self.initiative[kept],
            eligible=self.eligible[kept],
            used=self.used[kept],
            used_before=self.used_before[kept],
            habit_before=self.habit_before[kept],
        )

    @property
    def table(self) -> Ints:
        """One column per mask row; a row that says the same is the same column."""
        return np.stack(
            [
                self.person,
                self.initiative,
                self.eligible,
                self.used,
                self.used_before,
                self.habit_before.astype(np.int64),
            ]
        )


def touched_people(frame: Frame) -> Ints:
    return columns.read(_TOUCHED, frame.params(), names=("person",))["person"]


def all_people(frame: Frame) -> Ints:
    """Everybody with access, with use, or with a mask that may have become groundless."""
    return columns.read(_ALL_PEOPLE, frame.params(), names=("person",))["person"]


def load(frame: Frame, *, people: Ints | None = None) -> Masks:
    """The stored masks of some people, or of all."""
    query = _MASKS if people is None else f"{_MASKS} AND person_id = ANY(%(people)s)"
    params = frame.params(people=None if people is None else people.tolist())
    found = columns.read(query, params, names=_NAMES)
    return Masks(
        person=found["person"],
        initiative=found["initiative"],
        eligible=found["eligible"],
        used=found["used"],
        used_before=found["used_before"],
        habit_before=found["habit_before"].astype(np.bool_),
    )


def differing(before: Masks, after: Masks) -> tuple[Masks, Masks]:
    """Only the rows of which the other side holds no equal."""
    both = np.concatenate([before.table, after.table], axis=1)
    _, place, times = np.unique(both, axis=1, return_inverse=True, return_counts=True)
    alone = times[place.ravel()] == 1
    size = len(before.person)
    return before.where(alone[:size]), after.where(alone[size:])


def redo(frame: Frame, *, people: Ints, data: Mapping[int, Bools]) -> int:
    """Compute the masks of people afresh and store those that differ. Returns the rows changed.

    ``data`` are the data weeks of each initiative, from the frame's start on.
    """
    wide = max(len(frame.initiatives), 1) * (frame.before + WEEKS)
    step = max(_CELLS // wide, 1)
    changed = 0
    for at in range(0, len(people), step):
        changed += _redo_some(frame, people=people[at : at + step], data=data)
    return changed


def _redo_some(frame: Frame, *, people: Ints, data: Mapping[int, Bools]) -> int:
    params = frame.params(people=people.tolist())
    fresh = _fresh(frame, people=people, data=data, params=params)
    changed = _drop_groundless(people, fresh=fresh, params=params)
    if not len(fresh["person_id"]):
        return changed
    execute(_FRESH_TABLE, {})
    columns.write("refresh_mask", fresh)
    return changed + execute(_PUT, params)


def _drop_groundless(people: Ints, *, fresh: Columns, params: dict) -> int:
    """Delete the masks of people who lost their last access and use."""
    stored = _read_of(people, _STORED, params, names=("person", "initiative"))
    size = 1 + max(stored["initiative"].max(initial=0), fresh["initiative_id"].max(initial=0))
    gone = ~np.isin(
        stored["person"] * size + stored["initiative"],
        fresh["person_id"] * size + fresh["initiative_id"],
    )
    if not gone.any():
        return 0
    return execute(
        _DROP,
        params
        | {
            "gone_people": stored["person"][gone].tolist(),
            "gone_initiatives": stored["initiative"][gone].tolist(),
        },
    )


def _fresh(frame: Frame, *, people: Ints, data: Mapping[int, Bools], params: dict) -> Columns:
    """The columns of ``refresh_mask`` for some people; none where there are no initiatives."""
    if not frame.initiatives:
        return {name: np.zeros(0, dtype=np.int64) for name in _MASK_COLUMNS}
    eligible = _eligible(frame, people=people, params=params)
    used = _used(frame, people=people, params=params)
    by_initiative = range(len(frame.initiatives))
    # A use proves that its week holds data, so no use needs to be filtered out here.
    total = any_initiative(
        eligible_by=[eligible[:, at] for at in by_initiative],
        used_by=[used[:, at] for at in by_initiative],
        data_by=[frame.working for _ in by_initiative],
    )
    parts = [
        _rows(people, _ANY, total.eligible, total.used, data[_ANY], frame.before),
        *(
            _rows(people, initiative, eligible[:, at], used[:, at], data[initiative], frame.before)
            for at, initiative in enumerate(frame.initiatives)
        ),
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in _MASK_COLUMNS}


def _eligible(frame: Frame, *, people: Ints, params: dict) -> Bools:
    """bool[people, initiatives, columns]."""
    found = _read_of(
        people,
        _INTERVALS,
        params | {"grace": frame.grace_days, "weeks": WEEKS},
        names=("person", "initiative", "lo", "hi"),
    )
    shape = (len(people), len(frame.initiatives), frame.before + WEEKS)
    return eligible_weeks(
        intervals=_cell(frame, people=people, found=found),
        lo=found["lo"],
        hi_exclusive=found["hi"],
        rows=shape[0] * shape[1],
        base=frame.start,
        weeks=shape[2],
        working_days=frame.working_days,
        holidays=frame.holidays,
    ).reshape(shape)


def _used(frame: Frame, *, people: Ints, params: dict) -> Bools:
    """bool[people, initiatives, columns]."""
    used = np.zeros((len(people) * len(frame.initiatives), frame.before + WEEKS), dtype=np.bool_)
    found = _read_of(
        people, _USED, params | {"weeks": WEEKS}, names=("person", "initiative", "mask")
    )
    cells = _cell(frame, people=people, found=found)
    used[cells, frame.before :] = unpack(masks=found["mask"], weeks=WEEKS)
    if frame.before:
        found = _read_of(people, _USED_BEFORE, params, names=("person", "initiative", "column"))
        used[_cell(frame, people=people, found=found), found["column"]] = True
    return used.reshape(len(people), len(frame.initiatives), frame.before + WEEKS)


def _read_of(people: Ints, query: str, params: dict, *, names: tuple[str, ...]) -> Columns:
    """The rows of these people, who must be sorted."""
    if len(people) <= _FEW:
        return columns.read(query.replace("<among>", _AMONG_FEW), params, names=names)
    found = columns.read(
        query.replace("<among>", _AMONG_MANY),
        params | {"first": int(people[0]), "final": int(people[-1])},
        names=names,
    )
    known = np.isin(found["person"], people)
    return {name: values[known] for name, values in found.items()}


def _cell(frame: Frame, *, people: Ints, found: Columns) -> NDArray[np.int64]:
    initiatives = np.array(frame.initiatives, dtype=np.int64)
    row = np.searchsorted(people, found["person"])
    return row * len(initiatives) + np.searchsorted(initiatives, found["initiative"])


def _rows(
    people: Ints, initiative: int, eligible: Bools, used: Bools, data: Bools, before: int
) -> Columns:
    """The columns of ``refresh_mask`` for one initiative; a row for access or use at any time."""
    kept = (eligible.any(axis=1)) | used.any(axis=1)
    eligible, used = eligible[kept], used[kept]
    active = eligible & used
    earlier = data[:before]
    known = (eligible[:, :before] & earlier).any(axis=1).astype(np.int64)
    return {
        "person_id": people[kept],
        "initiative_id": np.full(int(kept.sum()), initiative, dtype=np.int64),
        "eligible_mask": pack(matrix=eligible[:, before:]) | known << BEFORE_BIT,
        "active_mask": pack(matrix=active[:, before:]),
        "outside_mask": pack(matrix=(used & ~eligible)[:, before:]),
        "used_before": (active[:, :before] & earlier).sum(axis=1, dtype=np.int64),
        "habit_before": _habit_before(active=active, data=data, before=before).astype(np.int64),
    }


def _habit_before(*, active: Bools, data: Bools, before: int) -> Bools:
    """Three active weeks in some four data weeks that begin before the base."""
    held = np.flatnonzero(data)
    begin = int((held < before).sum())
    span = active[:, held[: begin + BLOCK_WEEKS - 1]]
    totals = np.zeros((len(active), span.shape[1] + 1), dtype=np.int16)
    np.cumsum(span, axis=1, dtype=np.int16, out=totals[:, 1:])
    ends = np.minimum(np.arange(begin) + BLOCK_WEEKS, span.shape[1])
    in_block = totals[:, ends] - totals[:, np.arange(begin)]
    habit: Bools = np.logical_or.reduce(in_block >= HABIT_AT_LEAST, axis=1)
    return habit
