"""From masks to counts of groups, either all of them or only what some people changed."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adoption.calculations.groups import group_counts, subtree_counts
from adoption.calculations.states import FLAGS, Counted, person_weeks
from adoption.calculations.suppression import Dimension
from adoption.calculations.weeks import Bools, Ints, unpack
from adoption.refresh import columns
from adoption.refresh.columns import Columns
from adoption.refresh.frame import Frame, execute
from adoption.refresh.masks import Masks
from adoption.refresh.places import load_places

# People are counted in blocks, so that memory does not grow with the organization.
_PEOPLE: Final = 50_000
_HANDFUL: Final = 100

_DIMENSIONS: Final = tuple(dimension.value for dimension in Dimension)
_KEYS: Final = ("week", "dimension", "group_id", "initiative_id")
_FLAGS: Final = ", ".join(FLAGS)

_TABLE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS refresh_group (
    {", ".join(f"{name} bigint NOT NULL" for name in (*_KEYS, *FLAGS))}
) ON COMMIT DROP;
CREATE INDEX IF NOT EXISTS refresh_group_key ON refresh_group (group_id, initiative_id);
TRUNCATE refresh_group
"""
_TARGET = f"""
WITH fresh AS (
    SELECT %(org)s AS organization_id, %(base)s::date + 7 * week::integer AS week,
           (%(dimensions)s::text[])[dimension + 1] AS dimension, group_id, initiative_id, {_FLAGS}
      FROM refresh_group
)
INSERT INTO adoption_groupweek AS g
    (organization_id, week, dimension, group_id, initiative_id, {_FLAGS})
SELECT organization_id, week, dimension, group_id, initiative_id, {_FLAGS} FROM fresh
    ON CONFLICT (organization_id, week, dimension, group_id, initiative_id) DO UPDATE
"""  # noqa: S608 - names of our own columns only
_REPLACE = f"""{_TARGET}
   SET {", ".join(f"{flag} = excluded.{flag}" for flag in FLAGS)}
 WHERE ({", ".join(f"g.{flag}" for flag in FLAGS)})
       IS DISTINCT FROM ({", ".join(f"excluded.{flag}" for flag in FLAGS)})
"""
_ADD = f"""{_TARGET}
   SET {", ".join(f"{flag} = g.{flag} + excluded.{flag}" for flag in FLAGS)}
"""
# Of people erased since: their masks are gone, the figures that counted them are published.
_KEPT = f"""
INSERT INTO refresh_group ({", ".join(_KEYS)}, {_FLAGS})
SELECT (week - %(base)s) / 7, array_position(%(dimensions)s::text[], dimension::text) - 1,
       group_id, initiative_id, {_FLAGS}
  FROM adoption_keptgroupweek
 WHERE organization_id = %(org)s AND week >= %(floor)s
"""  # noqa: S608 - names of our own columns only
_SUM_UP = f"""
WITH parts AS (DELETE FROM refresh_group RETURNING *)
INSERT INTO refresh_group ({", ".join(_KEYS)}, {_FLAGS})
SELECT {", ".join(_KEYS)}, {", ".join(f"sum({flag})" for flag in FLAGS)}
  FROM parts GROUP BY {", ".join(_KEYS)}
"""  # noqa: S608 - names of our own columns only
_KEEP = f"""
INSERT INTO adoption_keptgroupweek AS k
    (organization_id, week, dimension, group_id, initiative_id, {_FLAGS})
SELECT %(org)s, %(base)s::date + 7 * week::integer,
       (%(dimensions)s::text[])[dimension + 1], group_id, initiative_id, {_FLAGS}
  FROM refresh_group
    ON CONFLICT (organization_id, week, dimension, group_id, initiative_id) DO UPDATE
   SET {", ".join(f"{flag} = k.{flag} + excluded.{flag}" for flag in FLAGS)}
"""  # noqa: S608 - names of our own columns only
_KEY_MATCHES = """
       g.organization_id = %(org)s AND g.week = %(base)s::date + 7 * n.week::integer
   AND g.dimension = (%(dimensions)s::text[])[n.dimension + 1]
   AND g.group_id = n.group_id AND g.initiative_id = n.initiative_id
"""
_DROP_MISSING = f"""
DELETE FROM adoption_groupweek g
 WHERE g.organization_id = %(org)s AND g.week >= %(floor)s
   AND NOT EXISTS (SELECT 1 FROM refresh_group n WHERE {_KEY_MATCHES})
"""  # noqa: S608 - a constant of this module
_DROP_EMPTY = f"""
DELETE FROM adoption_groupweek g USING refresh_group n
 WHERE {_KEY_MATCHES} AND g.eligible = 0 AND g.outside = 0
"""  # noqa: S608 - a constant of this module


class Tally:
    """Counts by (initiative, dimension), added up block by block: int32[groups, weeks, FLAGS].

    The last group of a dimension holds those who are in none. With ``people``, only their groups
    are known, and only they may be added.
    """

    def __init__(
        self, *, frame: Frame, data: Mapping[int, Bools], people: Ints | None = None
    ) -> None:
        self._frame = frame
        self._data = {
            initiative: held[frame.before :][: frame.counted] for initiative, held in data.items()
        }
        self._places = load_places(frame, people=people)
        self._cuts = {
            Dimension.DIRECT: self._places.departments,
            Dimension.ROLE: self._places.roles,
        }
        self._sums: dict[tuple[int, Dimension], NDArray[np.int32]] = {}

    def add(self, masks: Masks, *, sign: int = 1) -> None:
        """Count the people of these masks; with sign -1, take them away again."""
        everybody = np.unique(masks.person)
        for at in range(0, len(everybody), _PEOPLE):
            block = everybody[at : at + _PEOPLE]
            inside = masks.where((masks.person >= block[0]) & (masks.person <= block[-1]))
            groups = {
                dimension: cut.of(block, frame=self._frame) for dimension, cut in self._cuts.items()
            }
            for initiative in np.intersect1d(inside.initiative, list(self._data)).tolist():
                self._add_one(inside.of(initiative), block=block, groups=groups, sign=sign)

    def _add_one(
        self,
        masks: Masks,
        *,
        block: Ints,
        groups: Mapping[Dimension, NDArray[np.int32]],
        sign: int,
    ) -> None:
        initiative = int(masks.initiative[0])
        counted = _count(masks, data=self._data[initiative])
        row = np.searchsorted(block, masks.person)
        for dimension, group in groups.items():
            counts = _count_groups(
                counted=counted, group=group[row], groups=len(self._cuts[dimension].groups) + 1
            )
            known = self._sums.get((initiative, dimension))
            signed = sign * counts
            self._sums[initiative, dimension] = signed if known is None else known + signed

    def write(self) -> int:
        """Put everything but rows of zeros into ``refresh_group``. Returns the number of rows."""
        execute(_TABLE, {})
        parts = [
            _rows(frame=self._frame, initiative=initiative, part=part, groups=groups, counts=counts)
            for (initiative, dimension), sums in sorted(self._sums.items())
            for part, groups, counts in self._parts(dimension, sums)
        ]
        if not parts:
            return 0
        table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        written = columns.write("refresh_group", table)
        execute("ANALYZE refresh_group", {})
        return written

    def _parts(
        self, dimension: Dimension, sums: NDArray[np.int32]
    ) -> list[tuple[Dimension, NDArray[np.int64], NDArray[np.int32]]]:
        none = np.zeros(1, dtype=np.int64)
        named = np.concatenate([self._cuts[dimension].groups, none])
        if dimension is Dimension.ROLE:
            return [(dimension, named, sums)]
        subtrees = subtree_counts(direct=sums[:-1], ancestors=self._places.ancestors)
        return [
            (Dimension.ALL, none, sums.sum(axis=0, keepdims=True)),
            (dimension, named, sums),
            (Dimension.DEPARTMENT, self._places.above, subtrees),
        ]


def replace(frame: Frame, *, tally: Tally) -> int:
    """Make the stored counts those of the tally and of the erased, from the floor on.

    Returns the rows changed.
    """
    tally.write()
    params = frame.params(dimensions=list(_DIMENSIONS))
    if execute(_KEPT, params):
        execute(_SUM_UP, params)
    return execute(_DROP_MISSING, params) + execute(_REPLACE, params)


def shift(frame: Frame, *, tally: Tally) -> int:
    """Add a tally of differences to the stored counts. Returns the rows changed."""
    if not tally.write():
        return 0
    params = frame.params(dimensions=list(_DIMENSIONS))
    changed = execute(_ADD, params)
    execute(_DROP_EMPTY, params)
    return changed


def keep(frame: Frame, *, tally: Tally) -> int:
    """Keep a tally of people about to be erased, added to those before. Returns its rows."""
    return execute(_KEEP, frame.params(dimensions=list(_DIMENSIONS))) if tally.write() else 0


def _count(masks: Masks, *, data: Bools) -> Counted:
    weeks = len(data)
    return person_weeks(
        eligible=unpack(masks=masks.eligible, weeks=weeks),
        used=unpack(masks=masks.used, weeks=weeks),
        data=data,
        used_before=masks.used_before,
        habit_before=masks.habit_before,
        eligible_before=masks.eligible_before,
    )


def _count_groups(*, counted: Counted, group: Ints, groups: int) -> NDArray[np.int32]:
    """``group_counts``; for a handful of people their flags are added one by one, which is faster
    than counting patterns in every group."""
    weeks, people = counted.bits.shape
    if people > _HANDFUL:
        return group_counts(counted=counted, group=group, groups=groups)
    held = counted.bits[:, :, None] >> np.arange(len(FLAGS), dtype=np.uint32) & 1
    counts = np.zeros((groups, weeks, len(FLAGS)), dtype=np.int32)
    np.add.at(counts, (group.T, np.arange(weeks)[:, None]), held.astype(np.int32))
    return counts


def _rows(
    *,
    frame: Frame,
    initiative: int,
    part: Dimension,
    groups: NDArray[np.int64],
    counts: NDArray[np.int32],
) -> Columns:
    """The columns of ``refresh_group``, from the floor on, without rows of zeros."""
    told = np.asarray(counts.any(axis=2))
    told[:, : (frame.floor - frame.base).days // 7] = False
    at, week = np.nonzero(told)
    table: Columns = {
        "week": week.astype(np.int64),
        "dimension": np.full(len(at), _DIMENSIONS.index(part.value), dtype=np.int64),
        "group_id": groups[at],
        "initiative_id": np.full(len(at), initiative, dtype=np.int64),
    }
    values = counts[at, week].astype(np.int64)
    return table | {flag: values[:, place] for place, flag in enumerate(FLAGS)}
