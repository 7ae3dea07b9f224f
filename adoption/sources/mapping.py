"""What somebody declared of the columns of a file: which is which, in what form and unit.

A mapping is data. It is checked here as a whole before it is stored or used; `adoption.sources.
mapper` reads files by it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from adoption.sources.canonical import MEASURES
from adoption.sources.formats import (
    COUNT_UNITS,
    DATE_WORDS,
    MONEY_UNITS,
    NUMBER_WORDS,
    PART_UNITS,
    TIME_UNITS,
    UNIT_WORDS,
    DateForm,
    Unit,
)
from adoption.sources.rows import Grain, SubjectKind, Surface

LONGEST_COLUMN = 200
MOST_WORDS, LONGEST_WORD = 20, 40
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST = {"initiative": 80, "scope": 120}


class Sort(StrEnum):
    """What kind of value a field takes."""

    TEXT = "text"
    DAY = "day"
    COUNT = "count"
    PART = "part"
    TIME = "time"
    MONEY = "money"
    TRUTH = "truth"


class Anchor(StrEnum):
    """Which day of its period the column of days names."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A field of a usage row that a column may fill. constant: all lines may have the same."""

    name: str
    label: str
    meaning: str
    sort: Sort = Sort.COUNT
    constant: bool = False

    @property
    def forms(self) -> Mapping[str, str]:
        """Ways in which it may be written, with their words."""
        if self.sort is Sort.DAY:
            return {form.value: words for form, words in DATE_WORDS.items()}
        if self.units:
            return {form.value: words for form, words in NUMBER_WORDS.items()}
        return {}

    @property
    def units(self) -> Mapping[str, str]:
        return {unit.value: UNIT_WORDS[unit] for unit in _UNITS.get(self.sort, ())}


_UNITS: Mapping[Sort, Collection[Unit]] = {
    Sort.COUNT: COUNT_UNITS,
    Sort.PART: PART_UNITS,
    Sort.TIME: TIME_UNITS,
    Sort.MONEY: MONEY_UNITS,
}
TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(name="subject", label="Who", meaning="the id of somebody", sort=Sort.TEXT),
        Target(
            name="alias", label="Also known as", meaning="a second id of the same", sort=Sort.TEXT
        ),
        Target(name="day", label="Day", meaning="the day, or one of its period", sort=Sort.DAY),
        Target(name="last_day", label="Last day", meaning="of a cycle, inclusive", sort=Sort.DAY),
        Target(
            name="initiative", label="Initiative", meaning="its key", sort=Sort.TEXT, constant=True
        ),
        Target(
            name="surface",
            label="Surface",
            meaning="where it was used",
            sort=Sort.TEXT,
            constant=True,
        ),
        Target(
            name="scope", label="Workspace", meaning="in the tool", sort=Sort.TEXT, constant=True
        ),
        Target(name="interactions", label="Prompts", meaning="things a person asked for"),
        Target(name="active", label="Active", meaning="yes or no", sort=Sort.TRUTH, constant=True),
        Target(name="active_days", label="Active days", meaning="in the period"),
        Target(name="sessions", label="Sessions", meaning="a count"),
        Target(name="requests", label="Requests", meaning="automatic ones included"),
        Target(name="suggestions", label="Suggestions", meaning="shown to the person"),
        Target(name="accepted", label="Accepted", meaning="taken over", sort=Sort.PART),
        Target(name="rejected", label="Rejected", meaning="turned down", sort=Sort.PART),
        Target(name="tokens_in", label="Tokens in", meaning="cached ones included"),
        Target(name="tokens_cached", label="Tokens cached", meaning="a count"),
        Target(name="tokens_out", label="Tokens out", meaning="a count"),
        Target(
            name="minutes_claimed",
            label="Time claimed",
            meaning="never hours returned",
            sort=Sort.TIME,
        ),
        Target(name="cost_estimate", label="Cost", meaning="an estimate", sort=Sort.MONEY),
        Target(
            name="currency", label="Currency", meaning="of the cost", sort=Sort.TEXT, constant=True
        ),
    )
}


class Use(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a field's value stands: in a column, written in a form and unit, or the same for all.

    Column names are trimmed and in lower case; `a.b` is the member b of the member a of JSON.
    """

    column: str = ""
    constant: str = ""
    form: str = ""
    unit: str = ""


class ColumnMap(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole mapping. week_start: mon or sun where the grain is a week.

    true_words, false_words, nothing: in lower case; `nothing` are words for an empty cell.
    """

    grain: Grain
    subject_kind: SubjectKind
    uses: dict[str, Use]
    anchor: Anchor = Anchor.FIRST
    week_start: str = ""
    alias_kind: SubjectKind | None = None
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    sheet: str = ""

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(use.column for use in self.uses.values() if use.column)

    def use(self, name: str) -> Use:
        return self.uses.get(name, _UNUSED)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """(label, words) of every field that is filled: its column, form and unit."""
        return tuple(
            (target.label, self._words_of(name))
            for name, target in TARGETS.items()
            if name in self.uses
        )

    @property
    def period(self) -> str:
        """What a line is about, in words."""
        words = _PERIODS.get(self.grain)
        if words is None:
            words = f"the last {self.grain.value.removeprefix('rolling_')} days"
        words += _DAYS.get(self.week_start, "")
        return f"{words}, named by its last day" if self.anchor is Anchor.LAST else words

    def _words_of(self, name: str) -> str:
        use, target = self.uses[name], TARGETS[name]
        if use.constant:
            return f"always {use.constant}"
        declared = [target.forms.get(use.form, ""), target.units.get(use.unit, "")]
        return ", ".join([f"column {use.column}", *filter(None, declared)])


_UNUSED = Use()
_PERIODS = {
    Grain.DAY: "one day",
    Grain.WEEK: "one week",
    Grain.MONTH: "one month",
    Grain.CYCLE: "a cycle with a last day of its own",
}
_DAYS = {"mon": ", from a Monday", "sun": ", from a Sunday"}


def stored(mapping: ColumnMap) -> dict[str, Any]:
    """The mapping as JSON holds it."""
    built: dict[str, Any] = msgspec.to_builtins(mapping)
    return built


def mapping_of(kept: Mapping[str, Any]) -> ColumnMap:
    """The mapping again. Raises msgspec.ValidationError for what is none."""
    return msgspec.convert(kept, ColumnMap)


def faults(mapping: ColumnMap) -> Iterator[tuple[str, str]]:
    """(field, sentence) of everything that is wrong with a mapping; nothing for a good one."""
    for name, use in mapping.uses.items():
        target = TARGETS.get(name)
        if target is None:
            yield name, "There is no such field."
        else:
            yield from _faults_of_use(target, use)
    yield from _faults_of_subject(mapping)
    yield from _faults_of_period(mapping)
    yield from _faults_of_measures(mapping)
    yield from _faults_of_words(mapping)


def _faults_of_use(target: Target, use: Use) -> Iterator[tuple[str, str]]:
    name = target.name
    if bool(use.column) == bool(use.constant):
        yield name, "Choose a column or the same for all lines, not both."
    elif use.constant:
        yield from _faults_of_constant(target, use)
    elif len(use.column) > LONGEST_COLUMN:
        yield name, f"The name of a column may have {LONGEST_COLUMN} characters."
    else:
        if target.units and use.unit not in target.units:
            yield name, "Choose its unit: nothing is guessed."
        clock = use.unit == Unit.CLOCK
        if target.forms and use.form not in target.forms and not clock:
            yield name, "Choose how it is written: nothing is guessed."


def _faults_of_constant(target: Target, use: Use) -> Iterator[tuple[str, str]]:
    name, text = target.name, use.constant
    if not target.constant:
        yield name, "It differs from line to line: choose a column."
    elif len(text) > _LONGEST.get(name, LONGEST_WORD):
        yield name, "It is too long."
    elif name == "surface" and text not in set(Surface):
        yield name, f"Name one of {', '.join(Surface)}."
    elif name == "active" and text not in ("true", "false"):
        yield name, "Say true or false."
    elif name == "currency" and not _CURRENCY.fullmatch(text):
        yield name, "Write three capital letters, such as EUR."


def _faults_of_subject(mapping: ColumnMap) -> Iterator[tuple[str, str]]:
    if not mapping.use("subject").column:
        yield "subject", "Choose the column that says who it was."
    alias = bool(mapping.use("alias").column)
    if alias and mapping.alias_kind is None:
        yield "alias_kind", "Say what kind of id the second one is."
    if alias and mapping.use("alias").column == mapping.use("subject").column:
        yield "alias", "It is the same column as the first id."


def _faults_of_period(mapping: ColumnMap) -> Iterator[tuple[str, str]]:
    cycle, day, last = (
        mapping.grain is Grain.CYCLE,
        mapping.use("day"),
        mapping.use("last_day"),
    )
    if not day.column:
        yield "day", "Choose the column that says when it was."
    if cycle and not last.column:
        yield "last_day", "A cycle needs the column of its last day."
    if not cycle and last.column:
        yield "last_day", "Only a cycle has a last day of its own; the others follow from the day."
    if cycle and mapping.anchor is Anchor.LAST:
        yield "anchor", "The day of a cycle is its first; the last has its own column."
    if mapping.grain is not Grain.MONTH and DateForm.YEAR_MONTH in (day.form, last.form):
        yield "day", "A month without a day can only be a period of a month."
    if (mapping.grain is Grain.WEEK) != (mapping.week_start in ("mon", "sun")):
        yield "week_start", "Say on which day a week begins, for weeks only."
    if mapping.grain is Grain.MONTH and _month_by_its_last_day(mapping, day):
        yield "anchor", "A month written like 2026-10 is named by its first day."


def _month_by_its_last_day(mapping: ColumnMap, day: Use) -> bool:
    return mapping.anchor is Anchor.LAST and day.form == DateForm.YEAR_MONTH


def _faults_of_measures(mapping: ColumnMap) -> Iterator[tuple[str, str]]:
    if not any(name in mapping.uses for name in MEASURES):
        yield "interactions", f"Choose a column for one of {', '.join(MEASURES)}."
    taken: dict[str, str] = {}
    for name, use in mapping.uses.items():
        target = TARGETS.get(name)
        if target is None or not target.units or not use.column:
            continue
        if use.column in taken:
            yield name, f"Its column is {TARGETS[taken[use.column]].label} already."
        taken.setdefault(use.column, name)
        if use.unit in (Unit.PERCENT, Unit.SHARE) and "suggestions" not in mapping.uses:
            yield name, "A share needs the suggestions that it is a share of."
    if "currency" in mapping.uses and "cost_estimate" not in mapping.uses:
        yield "currency", "A currency belongs to a cost: choose the column of the cost."


def _faults_of_words(mapping: ColumnMap) -> Iterator[tuple[str, str]]:
    for name in ("true_words", "false_words", "nothing"):
        words: tuple[str, ...] = getattr(mapping, name)
        if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
            yield name, f"At most {MOST_WORDS} words of {LONGEST_WORD} characters."
        if any(word != word.strip().casefold() or not word for word in words):
            yield name, "Words are compared in lower case, without blanks around them."
    if mapping.use("active").column and not (mapping.true_words and mapping.false_words):
        yield "true_words", "Say which words mean yes and which mean no."
    several = [*mapping.true_words, *mapping.false_words, *mapping.nothing]
    if len(set(several)) < len(several):
        yield "false_words", "A word can mean one thing only."
