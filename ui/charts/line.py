"""A line chart of weekly shares, 0 to 100%, as geometry in a wide and a narrow drawing.

Weeks without data are gaps and never interpolated; suppressed weeks are gaps with a note. Lines
are labelled at their end. The same numbers stand in ``rows`` for the table twin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ui.charts import scale
from ui.charts.drawing import Cell, Dot, Gridline, Row, Text, cells_of, gap_notes
from ui.formats import percent

HEIGHT = 270
TOP, BOTTOM, LEFT = 18.0, 236.0, 40.0
LABEL_Y = 260.0
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_SERIES = 6
LABEL_GAP = 15.0
WIDE, WIDE_MARGIN, WIDE_MARGIN_MOST = 690, 78.0, 220.0
NARROW, NARROW_MARGIN = 340, 40.0


@dataclass(frozen=True)
class Series:
    """One line. ``points`` are shares 0 to 1, None where there is no figure.

    ``suppressed`` names the places whose figure is known and not shown; they hold None too.
    """

    label: str
    points: tuple[float | None, ...]
    suppressed: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Mark:
    """Something that happened: ``place`` counts weeks from the first, with fractions."""

    place: float
    label: str
    words: str


@dataclass(frozen=True)
class Line:
    """One drawn line: paths of its unbroken runs, dots where a run begins, ends or is alone."""

    number: int
    label: str
    paths: tuple[str, ...]
    areas: tuple[str, ...]
    dots: tuple[Dot, ...]
    end: Text | None


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    left: float
    right: float
    gridlines: tuple[Gridline, ...]
    weeks: tuple[Text, ...]
    lines: tuple[Line, ...]
    marks: tuple[float, ...]


@dataclass(frozen=True)
class LineChart:
    """``finding`` is the sentence a screen reader hears; ``notes`` say what the gaps are."""

    finding: str
    wide: Drawing
    narrow: Drawing
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    is_empty: bool
    marks: tuple[Mark, ...] = ()


def line_chart(
    *,
    series: Sequence[Series],
    labels: Sequence[str],
    finding: str,
    marks: Sequence[Mark] = (),
) -> LineChart:
    """Lay out up to six series over the same weeks; marks are upright lines on their days.

    Raises ValueError when a series has another length than the labels, when a share lies outside
    0 to 1, when a suppressed place still holds its figure, or when there are too many series.
    """
    weeks = tuple(labels)
    for one in series:
        _check(one, weeks)
    if not 1 <= len(series) <= MOST_SERIES:
        raise ValueError(f"a line chart holds 1 to {MOST_SERIES} series, not {len(series)}")
    endings = [_ending(one, with_name=True) for one in series]
    margin = max(WIDE_MARGIN, max(map(len, endings)) * scale.GLYPH + 12)
    return LineChart(
        finding=finding,
        wide=_marked(
            _drawing(
                series, weeks, width=WIDE, margin=min(margin, WIDE_MARGIN_MOST), with_name=True
            ),
            marks,
            weeks,
        ),
        narrow=_marked(
            _drawing(series, weeks, width=NARROW, margin=NARROW_MARGIN, with_name=False),
            marks,
            weeks,
        ),
        columns=tuple(one.label for one in series),
        rows=_rows(series, weeks),
        notes=_notes(series, weeks),
        is_empty=all(value is None for one in series for value in one.points),
        marks=tuple(marks),
    )


def _check(one: Series, weeks: tuple[str, ...]) -> None:
    if len(one.points) != len(weeks):
        raise ValueError(f"{one.label} has {len(one.points)} points for {len(weeks)} weeks")
    if any(value is not None and not 0 <= value <= 1 for value in one.points):
        raise ValueError(f"{one.label} holds a share outside 0 to 1")
    if any(one.points[place] is not None for place in one.suppressed):
        raise ValueError(f"{one.label} still holds a suppressed figure")


def _drawing(
    series: Sequence[Series], weeks: tuple[str, ...], *, width: int, margin: float, with_name: bool
) -> Drawing:
    right = round(width - margin, 1)
    lines = [
        _line(one, number, count=len(weeks), right=right, with_area=number == 1)
        for number, one in enumerate(series, start=1)
    ]
    return Drawing(
        width=width,
        height=HEIGHT,
        left=LEFT,
        right=right,
        gridlines=tuple(_gridline(tick) for tick in TICKS),
        weeks=_week_labels(weeks, right=right),
        lines=_with_ends(lines, series, with_name=with_name),
        marks=(),
    )


def _marked(drawing: Drawing, marks: Sequence[Mark], weeks: tuple[str, ...]) -> Drawing:
    found = tuple(_x(mark.place, len(weeks), drawing.right) for mark in marks)
    return replace(drawing, marks=found)


def _gridline(tick: float) -> Gridline:
    y = _y(tick)
    label = Text(x=LEFT - 8, y=y + 4, words=f"{round(tick * 100)}%", anchor="end")
    return Gridline(y=y, label=label, is_axis=tick == 0)


def _week_labels(weeks: tuple[str, ...], *, right: float) -> tuple[Text, ...]:
    """The last week always has its label; the others thin out backwards from it."""
    step = scale.every(len(weeks), room=right - LEFT, widest=max(map(len, weeks), default=0))
    last = len(weeks) - 1
    return tuple(
        Text(x=_x(place, len(weeks), right), y=LABEL_Y, words=words, anchor="middle")
        for place, words in enumerate(weeks)
        if (last - place) % step == 0
    )


def _line(one: Series, number: int, *, count: int, right: float, with_area: bool) -> Line:
    runs = [
        [Dot(x=_x(place, count, right), y=_y(value)) for place, value in run]
        for run in scale.segments(one.points)
    ]
    alone = [run[0] for run in runs if len(run) == 1]
    ends = [runs[0][0], runs[-1][-1]] if runs else []
    return Line(
        number=number,
        label=one.label,
        paths=tuple(_path(run) for run in runs if len(run) > 1),
        areas=tuple(_area(run) for run in runs if len(run) > 1) if with_area else (),
        dots=tuple(dict.fromkeys([*ends, *alone])),
        end=None,
    )


def _with_ends(
    lines: Sequence[Line], series: Sequence[Series], *, with_name: bool
) -> tuple[Line, ...]:
    drawn = [place for place, line in enumerate(lines) if line.dots]
    last = {place: max(lines[place].dots, key=lambda dot: dot.x) for place in drawn}
    heights = scale.spread(
        [last[place].y + 4 for place in drawn], gap=LABEL_GAP, low=TOP + 4, high=BOTTOM
    )
    ends = {
        place: Text(x=last[place].x + 8, y=y, words=_ending(series[place], with_name=with_name))
        for place, y in zip(drawn, heights, strict=True)
    }
    return tuple(
        Line(
            number=line.number,
            label=line.label,
            paths=line.paths,
            areas=line.areas,
            dots=line.dots,
            end=ends.get(place),
        )
        for place, line in enumerate(lines)
    )


def _ending(one: Series, *, with_name: bool) -> str:
    known = [value for value in one.points if value is not None]
    if not known:
        return ""
    return f"{percent(known[-1])} {one.label}" if with_name else percent(known[-1])


def _rows(series: Sequence[Series], weeks: tuple[str, ...]) -> tuple[Row, ...]:
    def cells(place: int) -> tuple[Cell, ...]:
        return tuple(
            cells_of(one.points[place], suppressed=place in one.suppressed) for one in series
        )

    return tuple(Row(label=week, cells=cells(place)) for place, week in enumerate(weeks))


def _notes(series: Sequence[Series], weeks: tuple[str, ...]) -> tuple[str, ...]:
    """Weeks in which a line is broken. Weeks before its first and after its last point count."""
    suppressed = frozenset[int]().union(*(one.suppressed for one in series))
    unknown = frozenset(
        place
        for place in range(len(weeks))
        if all(one.points[place] is None for one in series) and place not in suppressed
    )
    return gap_notes(weeks, unknown=unknown, suppressed=suppressed)


def _x(place: float, count: int, right: float) -> float:
    if count < 2:
        return round((LEFT + right) / 2, 1)
    return scale.position(place, low=0, high=count - 1, start=LEFT, end=right)


def _y(share: float) -> float:
    return scale.position(share, low=0, high=1, start=BOTTOM, end=TOP)


def _path(run: Sequence[Dot]) -> str:
    return "M" + " L".join(f"{dot.x} {dot.y}" for dot in run)


def _area(run: Sequence[Dot]) -> str:
    return f"M{run[0].x} {BOTTOM} L{_path(run)[1:]} L{run[-1].x} {BOTTOM}Z"
