"""Which group figures may be shown: small groups, their complements and subtrees (METHODS 3.5).

The one place that decides. Every page, export, chart and answer of the interface shows what
``suppress`` leaves of a table; each week, and each one-way cut, is a table of its own.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SUPPRESSION_VERSION: Final = "suppression-1"

# The smallest group that may be shown; an organization may raise it.
K_MIN: Final = 5


# No department has the number 0, so it can stand for the two groups that are none.
EVERYBODY: Final = 0
NO_DEPARTMENT: Final = 0


class Status(StrEnum):
    """Three different signs on every page: a known 0 is neither unknown nor suppressed."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


class Reason(StrEnum):
    """Why a cell reads as it does; a small group is never told apart from its complement."""

    SHOWN = "shown"
    SMALL_GROUP = "small_group"
    NO_ELIGIBLE = "no_eligible"


class Dimension(StrEnum):
    """What a group is: everybody, a department with all below it, or people directly in one."""

    ALL = "all"
    DEPARTMENT = "department"
    DIRECT = "direct"
    ROLE = "role"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One group of a table. Children, if any, add up to their parent."""

    key: Hashable
    eligible: int
    active: int
    children: tuple["Cell", ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.active <= self.eligible:
            message = f"{self.active} of {self.eligible} is not a count of a part."
            raise ValueError(message)
        if self.children and not self._adds_up():
            message = f"The children of {self.key!r} do not add up to it."
            raise ValueError(message)

    def _adds_up(self) -> bool:
        return (
            sum(child.eligible for child in self.children) == self.eligible
            and sum(child.active for child in self.children) == self.active
        )


@dataclass(frozen=True, kw_only=True)
class ShownCell:
    """What may be told of one group. Hidden numbers are absent, not marked.

    ``detail`` permits the states, the flow, and the excluded and outside counts of the group.
    """

    key: Hashable
    reason: Reason
    eligible: int | None
    active: int | None
    detail: bool
    children: tuple["ShownCell", ...] = ()

    @property
    def shown(self) -> bool:
        return self.reason is Reason.SHOWN

    @property
    def status(self) -> Status:
        """The status of the group's share: nobody eligible leaves it unknown, never 0."""
        return {
            Reason.SHOWN: Status.KNOWN,
            Reason.SMALL_GROUP: Status.SUPPRESSED,
            Reason.NO_ELIGIBLE: Status.UNKNOWN,
        }[self.reason]

    def flat(self) -> dict[Hashable, "ShownCell"]:
        """This cell and all below it by key."""
        cells: dict[Hashable, ShownCell] = {self.key: self}
        for child in self.children:
            cells |= child.flat()
        return cells


def suppress(*, tree: Cell, k: int = K_MIN) -> ShownCell:
    """Methods ``suppression.primary``, ``.complementary``, ``.hierarchy`` and ``.detail``.

    a) A group is hidden with 1 to k-1 eligible people, and with fewer than 2k when none or all of
    them are active, for then everyone's behaviour would be known. Nobody eligible reads so and
    takes no part below.
    b) What shown children leave of a shown parent must not give a hidden one away: while the hidden
    ones are a single group, or leave less than k of play, or are again fewer than 2k who all did
    the same, the smallest shown children (all of them if tied) are hidden too.
    c) From the top down; a hidden group hides everything below it, empty groups included.
    Detail is allowed from 2k eligible, and only where the siblings without detail hold 2k together.

    Raises ValueError for k below 5. Source: METHODS 3.5; Hundepool et al. 2012.
    """
    if k < K_MIN:
        message = f"Groups smaller than {K_MIN} are never shown."
        raise ValueError(message)
    return _shown(tree, k=k, hidden=_gives_away(tree, k=k), detail=_has_size_for_detail(tree, k=k))


def department_tree(
    *,
    parents: Mapping[int, int | None],
    direct: Mapping[int, tuple[int, int]],
) -> Cell:
    """The organization's one published hierarchy, from (eligible, active) directly in each place.

    ``parents`` names the parent of every department (None = top); ``direct`` the counts of people
    directly in it, and under ``NO_DEPARTMENT`` those of people without one. Keys of the cells are
    (Dimension, department id); everybody is (all, 0), no department (direct, 0). People directly in
    a department that has others below it are its unnamed child. Raises ValueError for a department
    without a place in the tree.
    """
    below: dict[int | None, list[int]] = {}
    for department, parent in parents.items():
        below.setdefault(parent, []).append(department)

    def cell(department: int) -> Cell:
        own = direct.get(department, (0, 0))
        key = (Dimension.DEPARTMENT, department)
        if department not in below:
            return Cell(key=key, eligible=own[0], active=own[1])
        children = [cell(child) for child in below[department]]
        return _total(key=key, children=[*children, _unnamed(department, own)])

    top = [cell(department) for department in below.get(None, ())]
    root = _total(
        key=(Dimension.ALL, EVERYBODY),
        children=[*top, _unnamed(NO_DEPARTMENT, direct.get(NO_DEPARTMENT, (0, 0)))],
    )
    if root.eligible != sum(eligible for eligible, _ in direct.values()):
        message = "Some people are in a department that has no place in the tree."
        raise ValueError(message)
    return root


def _unnamed(department: int, own: tuple[int, int]) -> Cell:
    return Cell(key=(Dimension.DIRECT, department), eligible=own[0], active=own[1])


def _total(*, key: Hashable, children: list[Cell]) -> Cell:
    return Cell(
        key=key,
        eligible=sum(child.eligible for child in children),
        active=sum(child.active for child in children),
        children=tuple(children),
    )


def _shown(cell: Cell, *, k: int, hidden: bool, detail: bool) -> ShownCell:
    if hidden:
        return _withheld(cell)
    covered = _hidden_children(cell.children, k=k)
    detailed = _detailed_children(cell.children, k=k) if detail else set()
    return ShownCell(
        key=cell.key,
        reason=Reason.SHOWN if cell.eligible else Reason.NO_ELIGIBLE,
        eligible=cell.eligible,
        active=cell.active,
        detail=detail,
        children=tuple(
            _shown(child, k=k, hidden=place in covered, detail=place in detailed - covered)
            for place, child in enumerate(cell.children)
        ),
    )


def _withheld(cell: Cell) -> ShownCell:
    return ShownCell(
        key=cell.key,
        reason=Reason.SMALL_GROUP,
        eligible=None,
        active=None,
        detail=False,
        children=tuple(_withheld(child) for child in cell.children),
    )


def _hidden_children(children: Sequence[Cell], *, k: int) -> set[int]:
    hidden = {place for place, child in enumerate(children) if _gives_away(child, k=k)}
    return _hide_smallest(children, hidden, while_=lambda cells: _too_little_play(cells, k=k))


def _detailed_children(children: Sequence[Cell], *, k: int) -> set[int]:
    bare = {
        place
        for place, child in enumerate(children)
        if child.eligible and not _has_size_for_detail(child, k=k)
    }
    bare = _hide_smallest(
        children, bare, while_=lambda cells: sum(cell.eligible for cell in cells) < 2 * k
    )
    return {place for place, child in enumerate(children) if child.eligible} - bare


def _hide_smallest(
    children: Sequence[Cell], hidden: set[int], *, while_: Callable[[list[Cell]], bool]
) -> set[int]:
    """Add the smallest remaining children, ties together, until the hidden ones are safe."""
    hidden = set(hidden)
    while hidden and while_([children[place] for place in hidden]):
        remaining = {
            place: child.eligible
            for place, child in enumerate(children)
            if child.eligible and place not in hidden
        }
        if not remaining:
            break
        smallest = min(remaining.values())
        hidden |= {place for place, eligible in remaining.items() if eligible == smallest}
    return hidden


def _gives_away(cell: Cell, *, k: int) -> bool:
    return 0 < cell.eligible < k or _all_alike(cell.eligible, cell.active, k=k)


def _too_little_play(hidden: list[Cell], *, k: int) -> bool:
    eligible = sum(cell.eligible for cell in hidden)
    active = sum(cell.active for cell in hidden)
    few = len(hidden) == 1 or eligible - len(hidden) < k
    return few or _all_alike(eligible, active, k=k)


def _all_alike(eligible: int, active: int, *, k: int) -> bool:
    return 0 < eligible < 2 * k and active in {0, eligible}


def _has_size_for_detail(cell: Cell, *, k: int) -> bool:
    return cell.eligible >= 2 * k
