"""Arithmetic that all drawings share. Coordinates are SVG user units, y grows downwards."""

from collections.abc import Sequence

GLYPH = 6.6  # mean advance of one 12 px system glyph, measured on the mocks


def position(value: float, *, low: float, high: float, start: float, end: float) -> float:
    """Where a value between low and high lies between start and end, to a tenth of a unit."""
    return round(start + (value - low) / (high - low) * (end - start), 1)


def segments(points: Sequence[float | None]) -> tuple[tuple[tuple[int, float], ...], ...]:
    """Runs of known points with their places; None ends a run, because a gap is not a line."""
    runs: list[list[tuple[int, float]]] = []
    open_run = False
    for place, value in enumerate(points):
        if value is None:
            open_run = False
            continue
        if not open_run:
            runs.append([])
        runs[-1].append((place, value))
        open_run = True
    return tuple(tuple(run) for run in runs)


def every(count: int, *, room: float, widest: int) -> int:
    """Show one of how many labels, so that labels of ``widest`` glyphs do not touch."""
    if count < 2:
        return 1
    needed = (widest + 1.5) * GLYPH
    between = room / (count - 1)
    step = 1
    while between * step < needed and step < count:
        step += 1
    return step


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> tuple[float, ...]:
    """Move labels apart until they stand ``gap`` from each other, in the order they were.

    They stay between low and high as far as there is room for all.
    """
    order = sorted(range(len(wanted)), key=lambda place: (wanted[place], place))
    placed = [0.0] * len(wanted)
    floor = low
    for place in order:
        placed[place] = max(wanted[place], floor)
        floor = placed[place] + gap
    ceiling = high
    for place in reversed(order):
        placed[place] = max(min(placed[place], ceiling), low)
        ceiling = placed[place] - gap
    return tuple(round(value, 1) for value in placed)
