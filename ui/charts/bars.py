"""A bar chart of counts on a fixed small scale, such as days with use per week (0 to 5).

Bars start at zero. A known zero is a hairline on the axis; a week without data is empty and named
below. The running week is dashed, because it is not complete.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.charts import scale
from ui.charts.drawing import Gridline, Row, Text, cells_of, gap_notes

HEIGHT = 190
TOP, BOTTOM, LEFT = 10.0, 150.0, 34.0
LABEL_Y, NOTE_Y = 170.0, 187.0
FILL = 0.6  # share of a slot that its bar takes
HAIRLINE = 1.5  # height of a known zero: a rect without height is not painted
WIDE, NARROW, RIGHT_MARGIN = 690, 340, 8.0
PARTIAL_NOTE = "Dashed: this week, not complete"


@dataclass(frozen=True)
class Bar:
    """One slot. ``value`` is None where there is no figure, or where it is suppressed."""

    label: str
    value: float | None
    partial: bool = False
    suppressed: bool = False


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    partial: bool


@dataclass(frozen=True)
class BarDrawing:
    width: int
    height: int
    left: float
    right: float
    gridlines: tuple[Gridline, ...]
    bars: tuple[Rect, ...]
    labels: tuple[Text, ...]
    note: Text | None


@dataclass(frozen=True)
class BarChart:
    """``finding`` is the sentence a screen reader hears; ``unit`` heads the table twin."""

    finding: str
    unit: str
    wide: BarDrawing
    narrow: BarDrawing
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    is_empty: bool


def bar_chart(*, bars: Sequence[Bar], top: float, unit: str, finding: str) -> BarChart:
    """Lay out bars between 0 and ``top``, which is the greatest value possible.

    Raises ValueError when a value lies outside, or a suppressed slot still holds its figure.
    """
    for bar in bars:
        if bar.value is not None and not 0 <= bar.value <= top:
            raise ValueError(f"{bar.label} lies outside 0 to {top}")
        if bar.suppressed and bar.value is not None:
            raise ValueError(f"{bar.label} still holds a suppressed figure")
    labels = tuple(bar.label for bar in bars)
    suppressed = frozenset(place for place, bar in enumerate(bars) if bar.suppressed)
    unknown = frozenset(
        place for place, bar in enumerate(bars) if bar.value is None and not bar.suppressed
    )
    return BarChart(
        finding=finding,
        unit=unit,
        wide=_drawing(bars, top=top, width=WIDE),
        narrow=_drawing(bars, top=top, width=NARROW),
        rows=tuple(
            Row(label=bar.label, cells=(cells_of(bar.value, suppressed=bar.suppressed),))
            for bar in bars
        ),
        notes=gap_notes(labels, unknown=unknown, suppressed=suppressed),
        is_empty=all(bar.value is None for bar in bars),
    )


def _drawing(bars: Sequence[Bar], *, top: float, width: int) -> BarDrawing:
    right = width - RIGHT_MARGIN
    slot = (right - LEFT) / max(len(bars), 1)
    step = scale.every(
        len(bars),
        room=right - LEFT - slot,
        widest=max((len(bar.label) for bar in bars), default=0),
    )
    last = len(bars) - 1
    note = Text(x=right, y=NOTE_Y, words=PARTIAL_NOTE, anchor="end")
    return BarDrawing(
        width=width,
        height=HEIGHT,
        left=LEFT,
        right=right,
        gridlines=(_gridline(0.0, top), _gridline(top, top)),
        bars=tuple(
            _rect(bar.value, place, slot=slot, top=top, partial=bar.partial)
            for place, bar in enumerate(bars)
            if bar.value is not None
        ),
        labels=tuple(
            Text(
                x=round(LEFT + slot * (place + 0.5), 1), y=LABEL_Y, words=bar.label, anchor="middle"
            )
            for place, bar in enumerate(bars)
            if (last - place) % step == 0
        ),
        note=note if any(bar.partial and bar.value is not None for bar in bars) else None,
    )


def _gridline(value: float, top: float) -> Gridline:
    y = _y(value, top)
    label = Text(x=LEFT - 8, y=y + 4, words=f"{value:g}", anchor="end")
    return Gridline(y=y, label=label, is_axis=value == 0)


def _rect(value: float, place: int, *, slot: float, top: float, partial: bool) -> Rect:
    y = min(_y(value, top), BOTTOM - HAIRLINE)
    return Rect(
        x=round(LEFT + slot * (place + (1 - FILL) / 2), 1),
        y=y,
        width=round(slot * FILL, 1),
        height=round(BOTTOM - y, 1),
        partial=partial,
    )


def _y(value: float, top: float) -> float:
    return scale.position(value, low=0, high=top, start=BOTTOM, end=TOP)
