"""What a benchmark found, beside its goal, and whether that is good enough."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# On a machine of which nothing is known a ratio may miss its goal by this factor.
SLACK = 2.0
_HEADS = ("benchmark", "sizes", "median", "yardstick", "ratio", "goal", "exponent", "equal")


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A limit for a number. absolute: it is in seconds, so it is told but fails nobody."""

    limit: float
    at_least: bool = False
    absolute: bool = False

    def met(self, value: float, *, slack: float = 1.0) -> bool:
        if self.at_least:
            return value * slack >= self.limit
        return value <= self.limit * slack

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{' s' if self.absolute else ''}"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the table. Times are medians in seconds; equal: None where nothing is compared.

    ratio: the compared number, in the direction its goal names. exponent: of the growth from the
    smallest to the largest size.
    """

    name: str
    sizes: str
    seconds: float
    yardstick: float | None = None
    ratio: float | None = None
    goal: Goal | None = None
    exponent: float | None = None
    exponent_goal: Goal | None = None
    equal: bool | None = None

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            self.sizes,
            _duration(self.seconds),
            "" if self.yardstick is None else _duration(self.yardstick),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self._goal(),
            "" if self.exponent is None else f"{self.exponent:.2f}",
            {None: "", True: "yes", False: "NO"}[self.equal],
        )

    def _goal(self) -> str:
        told = []
        if self.goal is not None:
            value = self.seconds if self.goal.absolute else self.ratio
            told.append(_against(self.goal, value))
        if self.exponent_goal is not None:
            told.append(f"exponent {_against(self.exponent_goal, self.exponent)}")
        return "; ".join(told)


def _against(goal: Goal, value: float | None) -> str:
    if value is None:
        return str(goal)
    return f"{goal} {'met' if goal.met(value) else 'MISSED'}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def exponent(*, small: tuple[int, float], large: tuple[int, float]) -> float:
    """The power of the size by which the time grows, from two pairs (size, seconds)."""
    return math.log(large[1] / small[1]) / math.log(large[0] / small[0])


def verdict(findings: Iterable[Finding], *, quick: bool) -> list[str]:
    """Why the run fails, in sentences; empty when it does not. Absolute limits fail nobody."""
    failures = []
    for found in findings:
        if found.equal is False:
            failures.append(f"{found.name}: the results are not equal.")
        if quick:
            failures += [
                f"{found.name}: {value:.2f} misses {goal} by more than {SLACK:g} times."
                for goal, value in _judged(found)
                if not goal.met(value, slack=SLACK)
            ]
    return failures


def _judged(found: Finding) -> list[tuple[Goal, float]]:
    pairs = ((found.goal, found.ratio), (found.exponent_goal, found.exponent))
    return [
        (goal, value)
        for goal, value in pairs
        if goal is not None and value is not None and not goal.absolute
    ]


def table(findings: Sequence[Finding]) -> str:
    """The findings as aligned text."""
    rows = [_HEADS, *(found.cells() for found in findings)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
