from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from adoption.calculations.suppression import (
    Cell,
    Dimension,
    Reason,
    ShownCell,
    Status,
    department_tree,
    suppress,
)

SIZES = st.one_of(st.integers(0, 12), st.integers(0, 60))


def parent_of(children: list[Cell], *, key: str) -> Cell:
    return Cell(
        key=key,
        eligible=sum(child.eligible for child in children),
        active=sum(child.active for child in children),
        children=tuple(children),
    )


@st.composite
def trees(draw: st.DrawFn, *, depth: int = 3, key: str = "root") -> Cell:
    """Organizations with small, equal, empty and unanimous groups on every level."""
    width = draw(st.integers(0 if depth < 3 else 1, 4)) if depth else 0
    if not width:
        eligible = draw(SIZES)
        active = draw(st.one_of(st.integers(0, eligible), st.sampled_from([0, eligible])))
        return Cell(key=key, eligible=eligible, active=active)
    children = [draw(trees(depth=depth - 1, key=f"{key}.{place}")) for place in range(width)]
    return parent_of(children, key=key)


def pairs(cell: Cell, shown: ShownCell) -> Iterator[tuple[Cell, ShownCell]]:
    yield cell, shown
    for child, shown_child in zip(cell.children, shown.children, strict=True):
        yield from pairs(child, shown_child)


class Intruder:
    """Somebody who reads the published table and solves for what it hides.

    She knows every shown count, that totals are the sums of their children and that nobody is
    active without being eligible; with ``alert`` also that a hidden child of a shown parent is not
    empty, since an empty one would have said so.
    """

    def __init__(self, table: ShownCell, *, alert: bool) -> None:
        self.cells = list(self._walk(table))
        self.place = {cell.key: number for number, cell in enumerate(self.cells)}
        self.floor = {
            child.key
            for cell in self.cells
            if alert and cell.reason is not Reason.SMALL_GROUP
            for child in cell.children
            if child.reason is Reason.SMALL_GROUP
        }

    def _walk(self, cell: ShownCell) -> Iterator[ShownCell]:
        yield cell
        for child in cell.children:
            yield from self._walk(child)

    def width(self, key: object) -> float:
        """Largest minus smallest eligible count that agrees with the table."""
        count = len(self.cells)
        sums = []
        for cell in self.cells:
            for offset in (0, count) if cell.children else ():
                row = np.zeros(2 * count)
                row[offset + self.place[cell.key]] = -1
                row[[offset + self.place[child.key] for child in cell.children]] = 1
                sums.append(row)
        part = np.hstack([-np.eye(count), np.eye(count)])
        goal = np.zeros(2 * count)
        goal[self.place[key]] = 1
        ends = [
            linprog(
                sign * goal,
                A_ub=part,
                b_ub=np.zeros(count),
                A_eq=np.array(sums),
                b_eq=np.zeros(len(sums)),
                bounds=[self._bounds(cell) for cell in self.cells]
                + [(cell.active or 0, cell.active) for cell in self.cells],
            )
            for sign in (1, -1)
        ]
        assert all(end.success for end in ends)
        return -ends[1].fun - ends[0].fun

    def _bounds(self, cell: ShownCell) -> tuple[int, int | None]:
        if cell.eligible is not None:
            return cell.eligible, cell.eligible
        return (1 if cell.key in self.floor else 0), None


@settings(max_examples=60, deadline=None)
@given(tree=trees(), k=st.sampled_from([5, 5, 7]))
def test_no_hidden_group_can_be_solved_for_within_k_people(tree: Cell, k: int) -> None:
    table = suppress(tree=tree, k=k)
    if not table.shown:
        return
    intruder = Intruder(table, alert=False)
    for cell in intruder.cells:
        if cell.reason is Reason.SMALL_GROUP:
            assert intruder.width(cell.key) >= k - 1e-6


@settings(max_examples=60, deadline=None)
@given(tree=trees(depth=3), k=st.sampled_from([5, 5, 7]))
def test_knowing_that_hidden_groups_are_not_empty_helps_only_where_all_are_hidden(
    tree: Cell, k: int
) -> None:
    table = suppress(tree=tree, k=k)
    intruder = Intruder(table, alert=True)
    for parent in intruder.cells:
        if not (parent.shown and any(child.shown for child in parent.children)):
            continue
        for child in parent.children:
            if child.reason is Reason.SMALL_GROUP:
                assert intruder.width(child.key) >= k - 1e-6


def test_a_table_with_every_child_hidden_may_give_sizes_away() -> None:
    """The limit named in docs/methods/suppression.md: five of one each, and the total is shown."""
    ones = [Cell(key=str(n), eligible=1, active=n % 2) for n in range(5)]
    table = suppress(tree=parent_of(ones, key="root"))
    assert table.shown
    assert not any(child.shown for child in table.children)
    assert Intruder(table, alert=False).width("0") == pytest.approx(5)
    assert Intruder(table, alert=True).width("0") == pytest.approx(0)


def test_the_intruder_does_find_a_single_hidden_group() -> None:
    """So that the two proofs above could fail."""
    children = [Cell(key="a", eligible=3, active=1), Cell(key="b", eligible=20, active=7)]
    table = suppress(tree=parent_of(children, key="root"))
    careless = replace(
        table.children[1], reason=Reason.SHOWN, eligible=children[1].eligible, active=7
    )
    table = replace(table, children=(table.children[0], careless))
    assert Intruder(table, alert=False).width("a") == pytest.approx(0)


@settings(max_examples=200, deadline=None)
@given(tree=trees(), k=st.sampled_from([5, 5, 7]))
def test_every_rule_holds_in_every_table(tree: Cell, k: int) -> None:
    for cell, shown in pairs(tree, suppress(tree=tree, k=k)):
        assert shown.key == cell.key
        if shown.shown:
            assert cell.eligible >= k
            assert cell.eligible >= 2 * k or cell.active not in {0, cell.eligible}
            assert (shown.eligible, shown.active) == (cell.eligible, cell.active)
        elif shown.reason is Reason.SMALL_GROUP:
            assert (shown.eligible, shown.active, shown.detail) == (None, None, False)
            assert {child.reason for child in shown.children} <= {Reason.SMALL_GROUP}
        else:
            assert cell.eligible == 0
        if shown.detail:
            assert shown.shown
            assert cell.eligible >= 2 * k


@settings(max_examples=200, deadline=None)
@given(tree=trees(), k=st.sampled_from([5, 5, 7]))
def test_what_children_with_detail_leave_of_their_parent_has_the_size_for_detail(
    tree: Cell, k: int
) -> None:
    for cell, shown in pairs(tree, suppress(tree=tree, k=k)):
        rest = sum(
            child.eligible
            for child, shown_child in zip(cell.children, shown.children, strict=True)
            if not shown_child.detail
        )
        if shown.detail:
            assert rest == 0 or rest >= 2 * k
        else:
            assert not any(child.detail for child in shown.children)


@settings(max_examples=100, deadline=None)
@given(tree=trees(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_children_decides_nothing(tree: Cell, random: Random) -> None:
    def shuffled(cell: Cell) -> Cell:
        children = [shuffled(child) for child in cell.children]
        random.shuffle(children)
        return replace(cell, children=tuple(children))

    first = suppress(tree=tree).flat()
    second = suppress(tree=shuffled(tree)).flat()
    assert {key: (cell.reason, cell.detail) for key, cell in first.items()} == {
        key: (cell.reason, cell.detail) for key, cell in second.items()
    }


def test_large_groups_are_all_shown_in_full() -> None:
    children = [Cell(key=str(n), eligible=20 + n, active=n) for n in range(4)]
    table = suppress(tree=parent_of(children, key="root"))
    assert all(cell.shown and cell.detail for cell in table.flat().values())


def test_a_raised_k_hides_more() -> None:
    tree = parent_of(
        [Cell(key="a", eligible=7, active=3), Cell(key="b", eligible=30, active=3)], key="root"
    )
    assert suppress(tree=tree, k=5).flat()["a"].shown
    assert not suppress(tree=tree, k=8).flat()["a"].shown


def test_k_below_five_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than 5"):
        suppress(tree=Cell(key="root", eligible=9, active=4), k=4)


def test_unknown_zero_and_suppressed_are_three_things() -> None:
    children = [
        Cell(key="zero", eligible=10, active=0),
        Cell(key="nobody", eligible=0, active=0),
        Cell(key="small", eligible=2, active=1),
        Cell(key="other", eligible=14, active=2),
    ]
    cells = suppress(tree=parent_of(children, key="root")).flat()
    assert cells["other"].status is Status.KNOWN
    assert cells["nobody"].status is Status.UNKNOWN
    assert cells["small"].status is Status.SUPPRESSED
    assert cells["zero"].status is Status.SUPPRESSED
    assert suppress(tree=children[0]).status is Status.KNOWN


def test_an_empty_organization_has_no_eligible_people_anywhere() -> None:
    tree = parent_of([Cell(key="a", eligible=0, active=0)], key="root")
    assert {cell.reason for cell in suppress(tree=tree).flat().values()} == {Reason.NO_ELIGIBLE}


def test_a_table_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Cell(key="root", eligible=9, active=4, children=(Cell(key="a", eligible=8, active=4),))
    with pytest.raises(ValueError, match="do not add up"):
        Cell(key="root", eligible=9, active=4, children=(Cell(key="a", eligible=9, active=5),))


@pytest.mark.parametrize(("active", "eligible"), [(-1, 4), (5, 4), (0, -1)])
def test_a_cell_with_more_active_than_eligible_people_is_refused(
    active: int, eligible: int
) -> None:
    with pytest.raises(ValueError, match="not a count"):
        Cell(key="root", eligible=eligible, active=active)


def test_a_department_tree_names_people_directly_inside_and_those_without_department() -> None:
    """1 holds 2 and 3; 4 stands beside it; three people have no department."""
    tree = department_tree(
        parents={1: None, 2: 1, 3: 1, 4: None},
        direct={1: (6, 2), 2: (20, 5), 3: (11, 4), 4: (8, 0), 0: (3, 1)},
    )
    flat = {cell.key: (cell.eligible, cell.active) for cell, _ in pairs(tree, suppress(tree=tree))}
    assert flat == {
        (Dimension.ALL, 0): (48, 12),
        (Dimension.DEPARTMENT, 1): (37, 11),
        (Dimension.DEPARTMENT, 2): (20, 5),
        (Dimension.DEPARTMENT, 3): (11, 4),
        (Dimension.DIRECT, 1): (6, 2),
        (Dimension.DEPARTMENT, 4): (8, 0),
        (Dimension.DIRECT, 0): (3, 1),
    }


def test_a_department_nobody_is_in_still_has_its_place() -> None:
    tree = department_tree(parents={1: None, 2: 1}, direct={})
    assert len(suppress(tree=tree).flat()) == 5


def test_people_in_a_department_outside_the_tree_are_not_lost_silently() -> None:
    with pytest.raises(ValueError, match="no place in the tree"):
        department_tree(parents={1: None}, direct={1: (6, 2), 9: (5, 1)})
    with pytest.raises(ValueError, match="no place in the tree"):
        department_tree(parents={1: 2, 2: 1}, direct={1: (6, 2)})
