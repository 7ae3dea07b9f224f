"""What a template needs to draw: places and words, no colours. Paint comes from classes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A word at a place. ``anchor`` is SVG's text-anchor."""

    x: float
    y: float
    words: str
    anchor: str = "start"


@dataclass(frozen=True)
class Gridline:
    """A horizontal line over the plot and the word left of it; the lowest one is the axis."""

    y: float
    label: Text
    is_axis: bool = False


@dataclass(frozen=True)
class Dot:
    x: float
    y: float


@dataclass(frozen=True)
class Cell:
    """One cell of the table twin: exactly one of a value, unknown, suppressed."""

    value: float | None
    status: str


@dataclass(frozen=True)
class Row:
    label: str
    cells: tuple[Cell, ...]


SUPPRESSED = "Not shown (small group)"


def cells_of(value: float | None, *, suppressed: bool) -> Cell:
    """The table cell for one point of a chart."""
    if suppressed:
        return Cell(value=None, status="suppressed")
    return Cell(value=value, status="unknown" if value is None else "known")


def gap_notes(
    labels: tuple[str, ...], *, unknown: frozenset[int], suppressed: frozenset[int]
) -> tuple[str, ...]:
    """Sentences that say why places of a chart are empty, one per cause."""
    notes = []
    if unknown:
        notes.append(f"No data: {_listed(labels, unknown)}.")
    if suppressed:
        notes.append(f"{SUPPRESSED}: {_listed(labels, suppressed)}.")
    return tuple(notes)


def _listed(labels: tuple[str, ...], places: frozenset[int]) -> str:
    """Labels of these places, runs shortened: "Wk 2, Wk 5 to Wk 7"."""
    parts: list[str] = []
    ordered = sorted(places)
    start = 0
    for end, place in enumerate(ordered):
        if end + 1 < len(ordered) and ordered[end + 1] == place + 1:
            continue
        first, last = labels[ordered[start]], labels[place]
        parts.append(first if start == end else f"{first} to {last}")
        start = end + 1
    return ", ".join(parts)
