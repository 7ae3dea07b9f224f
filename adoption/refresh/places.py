"""In which department and job role people were, week by week, and which lies below which."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adoption.calculations.groups import NO_GROUP, group_by_week
from adoption.calculations.weeks import Bools, Ints
from adoption.refresh import columns
from adoption.refresh.columns import Columns
from adoption.refresh.frame import Frame, rows

_DEPARTMENTS = """
SELECT id, parent_id FROM organizations_department WHERE organization_id = %(org)s ORDER BY id
"""
# Open ends become the ends of the frame; days are ordinals as Python counts them.
_DEPARTMENT_SPANS = """
SELECT person_id, department_id,
       (coalesce(lower(span), %(base)s) - DATE '0001-01-01' + 1)::bigint,
       (coalesce(upper(span), %(last)s::date + 7) - DATE '0001-01-01' + 1)::bigint
  FROM organizations_persondepartment
 WHERE organization_id = %(org)s AND span && daterange(%(base)s, %(last)s::date + 7)
"""
_ROLE_SPANS = """
SELECT person_id, job_role_id,
       (coalesce(lower(span), %(base)s) - DATE '0001-01-01' + 1)::bigint,
       (coalesce(upper(span), %(last)s::date + 7) - DATE '0001-01-01' + 1)::bigint
  FROM organizations_personrole
 WHERE organization_id = %(org)s AND span && daterange(%(base)s, %(last)s::date + 7)
"""
_SOME: Final = " AND person_id = ANY(%(people)s)"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One way to divide people: the ids of its groups, and who was in which from when to when."""

    groups: NDArray[np.int64]
    spans: Columns

    def of(self, people: Ints, *, frame: Frame) -> NDArray[np.int32]:
        """int32[people, weeks]: where in ``groups`` a person's group stands; the end for none.

        ``people`` must be sorted.
        """
        known = np.isin(self.spans["person"], people)
        spread = group_by_week(
            people=np.searchsorted(people, self.spans["person"][known]),
            lo=self.spans["lo"][known],
            hi_exclusive=self.spans["hi"][known],
            groups=np.searchsorted(self.groups, self.spans["group"][known]),
            rows=len(people),
            base=frame.base,
            weeks=frame.counted,
        )
        spread[spread == NO_GROUP] = len(self.groups)
        return spread


@dataclass(frozen=True, kw_only=True)
class Places:
    """The groups that some people have been in, and the departments above them.

    ``ancestors[a, d]`` is True when department ``above[a]`` is ``departments.groups[d]`` or lies
    above it.
    """

    departments: Cut
    roles: Cut
    above: NDArray[np.int64]
    ancestors: Bools


def load_places(frame: Frame, *, people: Ints | None = None) -> Places:
    """The places of some people, or of all."""
    departments = _cut(frame, _DEPARTMENT_SPANS, people)
    parents = dict(rows(_DEPARTMENTS, frame.params()))
    chains = [_chain(department, parents) for department in departments.groups.tolist()]
    above = np.array(sorted(set().union(*chains)), dtype=np.int64)
    return Places(
        departments=departments,
        roles=_cut(frame, _ROLE_SPANS, people),
        above=above,
        ancestors=np.array([np.isin(above, list(chain)) for chain in chains], dtype=np.bool_)
        .reshape(len(chains), len(above))
        .T,
    )


def _cut(frame: Frame, query: str, people: Ints | None) -> Cut:
    found = columns.read(
        query if people is None else query + _SOME,
        frame.params(people=None if people is None else people.tolist()),
        names=("person", "group", "lo", "hi"),
    )
    return Cut(groups=np.unique(found["group"]), spans=found)


def _chain(department: int, parents: dict[int, int | None]) -> set[int]:
    chain: set[int] = set()
    place: int | None = department
    while place is not None:
        chain.add(place)
        place = parents[place]
    return chain
