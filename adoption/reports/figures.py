"""One figure as every door may tell it: k of n, or the reason why there is none."""

from dataclasses import dataclass
from enum import StrEnum

from adoption.calculations.rates import share
from adoption.calculations.suppression import ShownCell, Status


class FigureStatus(StrEnum):
    """Four different signs: a known 0 is none of the others."""

    KNOWN = "known"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"
    NO_DATA = "no_data"


class Coverage(StrEnum):
    """Whether the sources of a week spoke; partial figures are lower bounds."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NO_DATA = "no_data"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """k of n people. ``k`` and ``n`` are None unless the count itself may be told and is known.

    Nobody eligible is told as 0 of 0 with the status unknown: the share of nobody is not 0.
    """

    status: FigureStatus
    k: int | None = None
    n: int | None = None
    at_least: bool = False
    why: str = ""

    @property
    def share(self) -> float | None:
        """From 0 to 1; None unless known."""
        if self.k is None or self.n is None:
            return None
        return share(k=self.k, n=self.n)

    @property
    def is_known(self) -> bool:
        return self.status is FigureStatus.KNOWN

    @property
    def sign(self) -> str:
        """The sign of the page: no data is one of the ways not to know."""
        return "unknown" if self.status is FigureStatus.NO_DATA else self.status.value


NO_DATA = Figure(status=FigureStatus.NO_DATA, why="no data")
SUPPRESSED = Figure(status=FigureStatus.SUPPRESSED)
NOBODY = Figure(status=FigureStatus.UNKNOWN, k=0, n=0, why="no eligible people")

_STATUS = {
    Status.KNOWN: FigureStatus.KNOWN,
    Status.UNKNOWN: FigureStatus.UNKNOWN,
    Status.SUPPRESSED: FigureStatus.SUPPRESSED,
}


def figure_of(*, cell: ShownCell | None, coverage: Coverage) -> Figure:
    """What suppression left of one cell. A cell that is not in the table is hidden."""
    if coverage is Coverage.NO_DATA:
        return NO_DATA
    if cell is None:
        return SUPPRESSED
    return Figure(
        status=_STATUS[cell.status],
        k=cell.active,
        n=cell.eligible,
        at_least=coverage is Coverage.PARTIAL and cell.status is Status.KNOWN,
        why=NOBODY.why if cell.status is Status.UNKNOWN else "",
    )


@dataclass(frozen=True, kw_only=True)
class Change:
    """From one share to another, 0.08 = 8 points; None unless both are known and complete."""

    status: FigureStatus
    points: float | None = None
    why: str = ""

    @property
    def sign(self) -> str:
        return self.status.value


def change_between(*, before: Figure | None, after: Figure) -> Change:
    """A change that a hidden share has a part in is hidden, for it would give the share away."""
    if before is None:
        return Change(status=FigureStatus.UNKNOWN, why="no earlier week")
    if FigureStatus.SUPPRESSED in (before.status, after.status):
        return Change(status=FigureStatus.SUPPRESSED)
    if before.share is None or after.share is None:
        return Change(status=FigureStatus.UNKNOWN, why=before.why or after.why)
    if before.at_least or after.at_least:
        return Change(status=FigureStatus.UNKNOWN, why="data is partial")
    return Change(status=FigureStatus.KNOWN, points=after.share - before.share)
