"""The worked tables of docs/methods are run row by row: what is printed is what is computed."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from adoption.calculations.groups import NO_GROUP, group_by_week
from adoption.calculations.rates import share, wilson
from adoption.calculations.states import FLOW_FLAGS, Counted, any_initiative, person_weeks
from adoption.calculations.suppression import Cell, ShownCell, suppress
from adoption.calculations.weeks import DEFINITION_VERSION, eligible_weeks

METHODS = Path(__file__).resolve().parents[2] / "docs" / "methods"
BASE = date(2026, 12, 21)

Row = dict[str, str]


def read_tables(page: str) -> dict[str, list[Row]]:
    """The last table under each heading that carries a method identifier."""
    tables = {}
    for section in re.split(r"^## ", (METHODS / page).read_text(encoding="utf-8"), flags=re.M):
        heading, _, body = section.partition("\n")
        identifier = re.search(r"`([a-z_.]+)`$", heading)
        lines = [line for line in body.splitlines() if line.startswith("|")]
        if identifier is not None:
            names, _, *rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
            tables[identifier[1]] = [dict(zip(names, row, strict=True)) for row in rows]
    return tables


ADOPTION = read_tables("adoption.md")
SUPPRESSION = read_tables("suppression.md")


def rows(tables: dict[str, list[Row]], method: str) -> pytest.MarkDecorator:
    table = tables[method]
    return pytest.mark.parametrize("row", table, ids=[" ".join(row.values()) for row in table])


def yes(word: str) -> bool:
    return {"yes": True, "no": False}[word]


def counted(row: Row) -> Counted:
    history = row["history"].strip("`")
    before = dict.fromkeys(re.findall(r"habit|eligible", row["before"]), True)
    used = re.search(r"used (\d+)", row["before"])
    return person_weeks(
        eligible=np.array([[sign in "A." for sign in history]]),
        used=np.array([[sign in "Ao" for sign in history]]),
        data=np.array([sign != "-" for sign in history]),
        used_before=np.array([int(used[1]) if used else 0]),
        habit_before=np.array([before.get("habit", False)]),
        eligible_before=np.array([before.get("eligible", False)]),
    )


def test_every_table_has_rows_and_the_page_names_the_version_of_the_code() -> None:
    assert len(ADOPTION) == 8
    assert len(SUPPRESSION) == 4
    assert all(len(table) >= 4 for table in [*ADOPTION.values(), *SUPPRESSION.values()])
    assert f"`{DEFINITION_VERSION}`" in (METHODS / "adoption.md").read_text(encoding="utf-8")


@rows(ADOPTION, "adoption.eligible_week")
def test_eligible_weeks_are_as_printed(row: Row) -> None:
    holidays = {date(2027, 1, 1)} | {date.fromisocalendar(2027, 13, day) for day in range(1, 6)}
    assert date(2027, 3, 29) in holidays
    weeks = eligible_weeks(
        intervals=np.array([0]),
        lo=np.array([date.fromisoformat(row["from"]).toordinal()]),
        hi_exclusive=np.array([date.fromisoformat(row["until"]).toordinal()]),
        rows=1,
        base=BASE,
        weeks=16,
        working_days=frozenset({1, 2, 3, 4, 5}),
        holidays=frozenset(holidays),
    )
    mondays = [date.fromordinal(BASE.toordinal() + 7 * week) for week in np.flatnonzero(weeks[0])]
    printed = row["eligible in the weeks of"].replace("none", "").split()
    assert [monday.isoformat() for monday in mondays] == printed


@rows(ADOPTION, "adoption.group_of_week")
def test_groups_of_weeks_are_as_printed(row: Row) -> None:
    spans = [span.split() for span in row["spans (department from … until)"].split(", ")]
    result = group_by_week(
        people=np.zeros(len(spans), dtype=np.int64),
        lo=np.array([date.fromisoformat(start).toordinal() for _, start, _ in spans]),
        hi_exclusive=np.array([date.fromisoformat(end).toordinal() for _, _, end in spans]),
        groups=np.array(["ABC".index(name) for name, _, _ in spans]),
        rows=1,
        base=date(2027, 1, 4),
        weeks=3,
    )
    printed = [row[week] for week in ("4 January", "11 January", "18 January")]
    assert result[0].tolist() == [
        NO_GROUP if name == "none" else "ABC".index(name) for name in printed
    ]


@rows(ADOPTION, "adoption.rule_counts")
def test_rule_counts_are_as_printed(row: Row) -> None:
    result = counted(row)
    flags = {
        "active": "active",
        "outside": "outside",
        "of four": "elig4",
        "habitual": "habitual",
        "of twelve": "elig12",
        "established": "established",
        "tried once": "tried_once",
    }
    assert {name: bool(result.flag(flag)[0, -1]) for name, flag in flags.items()} == {
        name: yes(row[name]) for name in flags
    }


@rows(ADOPTION, "adoption.states")
def test_states_are_as_printed(row: Row) -> None:
    state = counted(row).state(person=0, week=-1)
    assert (state or "none") == row["state"]


@rows(ADOPTION, "adoption.flow")
def test_flow_is_as_printed(row: Row) -> None:
    result = counted(row)
    held = [name.removeprefix("flow_") for name in FLOW_FLAGS if result.flag(name)[0, -1]]
    assert (held or ["none"]) == [row["flow"]]


@rows(ADOPTION, "adoption.any")
def test_any_initiative_is_as_printed(row: Row) -> None:
    signs = [row["first"].strip("`"), row["second"].strip("`")]
    result = any_initiative(
        eligible_by=[np.array([[sign in "A.-"]]) for sign in signs],
        used_by=[np.array([[sign in "Ao"]]) for sign in signs],
        data_by=[np.array([sign != "-"]) for sign in signs],
    )
    present, use = bool(result.eligible[0, 0]), bool(result.used[0, 0])
    assert {
        "eligible": present,
        "active": present and use,
        "outside": use and not present,
        "data": bool(result.data[0]),
        "partial": bool(result.partial[0]),
    } == {name: yes(row[name]) for name in ("eligible", "active", "outside", "data", "partial")}


def number(word: str) -> float | None:
    return None if word == "unknown" else float(word)


@rows(ADOPTION, "adoption.share")
def test_shares_are_as_printed(row: Row) -> None:
    assert share(k=int(row["k"]), n=int(row["n"])) == number(row["share"])


@rows(ADOPTION, "adoption.wilson")
def test_intervals_are_as_printed(row: Row) -> None:
    interval = wilson(k=int(row["k"]), n=int(row["n"]))
    ends = (None, None) if interval is None else (round(interval.low, 4), round(interval.high, 4))
    assert ends == (number(row["low"]), number(row["high"]))


def cell(word: str, *, key: str, children: tuple[Cell, ...] = ()) -> Cell:
    active, eligible = word.split("/")
    return Cell(key=key, eligible=int(eligible), active=int(active), children=children)


def table_of(words: list[str]) -> list[tuple[str, ShownCell]]:
    children = tuple(cell(word, key=f"{place}") for place, word in enumerate(words))
    root = Cell(
        key="root",
        eligible=sum(child.eligible for child in children),
        active=sum(child.active for child in children),
        children=children,
    )
    return list(zip(words, suppress(tree=root).children, strict=True))


@rows(SUPPRESSION, "suppression.primary")
def test_small_groups_read_as_printed(row: Row) -> None:
    shown = suppress(tree=cell(row["group"], key="group"), k=int(row["k"]))
    assert (shown.reason, shown.detail) == (row["reads"], yes(row["detail"]))


@rows(SUPPRESSION, "suppression.complementary")
def test_complements_are_hidden_as_printed(row: Row) -> None:
    table = table_of(row["children"].split())
    hidden = [word for word, shown in table if shown.reason == "small_group"]
    assert (" ".join(hidden) or "none") == row["hidden"]


@rows(SUPPRESSION, "suppression.detail")
def test_detail_is_given_as_printed(row: Row) -> None:
    table = table_of(row["children"].split())
    detailed = [word for word, shown in table if shown.detail]
    assert (" ".join(detailed) or "none") == row["with detail"]


@rows(SUPPRESSION, "suppression.hierarchy")
def test_hierarchies_are_hidden_as_printed(row: Row) -> None:
    nodes = [
        (len(depth), name or "root", count)
        for depth, name, count in re.findall(r"(>*) ?([a-e]?) ?(\d+/\d+)", row["tree"])
    ]

    def grow(place: int) -> Cell:
        depth, name, count = nodes[place]
        below = []
        for later in range(place + 1, len(nodes)):
            if nodes[later][0] <= depth:
                break
            if nodes[later][0] == depth + 1:
                below.append(grow(later))
        return cell(count, key=name, children=tuple(below))

    shown = suppress(tree=grow(0)).flat()
    assert len(shown) == len(nodes)
    hidden = [name for name, one in shown.items() if one.reason == "small_group"]
    assert (" ".join(map(str, hidden)) or "none") == row["hidden"]
