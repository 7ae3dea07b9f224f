"""Geometry of the drawings."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.charts import scale
from ui.charts.bars import BOTTOM, HAIRLINE, Bar, bar_chart
from ui.charts.drawing import Cell
from ui.charts.line import Drawing, Series, line_chart
from ui.charts.sparkline import sparkline

WEEKS = [f"Wk {number}" for number in range(1, 9)]
ROSE = (0.22, 0.26, 0.33, 0.41, 0.48, 0.57, 0.65, 0.71)
shares = st.one_of(st.none(), st.floats(0, 1))


def places(drawing: Drawing) -> list[tuple[float, float]]:
    """All coordinates that the lines of a drawing touch."""
    paths = [path for line in drawing.lines for path in line.paths]
    numbers = [re.findall(r"[\d.]+ [\d.]+", path) for path in paths]
    drawn = [tuple(map(float, pair.split())) for pair in itertools.chain(*numbers)]
    return [*drawn, *((dot.x, dot.y) for line in drawing.lines for dot in line.dots)]


def test_the_line_of_the_department_page_stands_where_the_design_has_it() -> None:
    weeks = ["Start", *WEEKS[:7]]
    chart = line_chart(series=[Series("active", ROSE)], labels=weeks, finding="Rose.")
    assert chart.wide.lines[0].paths == (
        "M40.0 188.0 L121.7 179.3 L203.4 164.1 L285.1 146.6 "
        "L366.9 131.4 L448.6 111.7 L530.3 94.3 L612.0 81.2",
    )
    assert [text.words for text in chart.narrow.weeks] == ["Wk 1", "Wk 3", "Wk 5", "Wk 7"]
    end = chart.wide.lines[0].end
    assert end is not None
    assert (end.words, end.x, end.y) == ("71% active", 620.0, 85.2)


def test_missing_weeks_are_gaps_and_a_lonely_week_is_a_dot() -> None:
    points = (0.2, 0.3, None, 0.4, None, None, 0.6, 0.7)
    chart = line_chart(series=[Series("active", points)], labels=WEEKS, finding="Gaps.")
    line = chart.wide.lines[0]
    assert len(line.paths) == 2
    assert len(line.areas) == 2
    assert len(line.dots) == 3
    assert chart.notes == ("No data: Wk 3, Wk 5 to Wk 6.",)


def test_a_suppressed_week_is_a_gap_with_the_words_for_it() -> None:
    points = (0.2, 0.3, None, 0.4, 0.5, 0.5, 0.6, 0.7)
    chart = line_chart(
        series=[Series("active", points, frozenset({2}))], labels=WEEKS, finding="Gap."
    )
    assert chart.notes == ("Not shown (small group): Wk 3.",)
    assert chart.rows[2].cells == (Cell(value=None, status="suppressed"),)
    assert chart.rows[3].cells == (Cell(value=0.4, status="known"),)


def test_a_suppressed_figure_handed_in_is_refused() -> None:
    with pytest.raises(ValueError, match="suppressed"):
        line_chart(series=[Series("a", (0.2,), frozenset({0}))], labels=["Wk 1"], finding="")
    with pytest.raises(ValueError, match="suppressed"):
        bar_chart(bars=[Bar("a", 2, suppressed=True)], top=5, unit="days", finding="")


@pytest.mark.parametrize("points", [(0.1, 0.2), (0.1, 0.2, 1.01), (0.1, -0.1, 0.2)])
def test_wrong_points_are_refused(points: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="active"):
        line_chart(series=[Series("active", points)], labels=WEEKS[:3], finding="")


@pytest.mark.parametrize("count", [0, 7])
def test_a_chart_holds_one_to_six_lines(count: int) -> None:
    series = [Series(str(number), (0.5,)) for number in range(count)]
    with pytest.raises(ValueError, match="1 to 6"):
        line_chart(series=series, labels=["Wk 1"], finding="")


@given(st.lists(st.lists(shares, min_size=5, max_size=5), min_size=1, max_size=6))
def test_every_point_is_inside_the_drawing_and_in_the_table(
    table: list[list[float | None]],
) -> None:
    series = [Series(f"line {number}", tuple(points)) for number, points in enumerate(table)]
    chart = line_chart(series=series, labels=WEEKS[:5], finding="Any.")
    for drawing in (chart.wide, chart.narrow):
        assert all(0 <= x <= drawing.width for x, _ in places(drawing))
        assert all(0 <= y <= drawing.height for _, y in places(drawing))
    assert [[cell.value for cell in row.cells] for row in chart.rows] == [
        list(column) for column in zip(*table, strict=True)
    ]
    assert chart.is_empty == all(value is None for points in table for value in points)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_labels_at_the_line_ends_do_not_touch(ends: list[float]) -> None:
    series = [Series(f"line {number}", (end,)) for number, end in enumerate(ends)]
    chart = line_chart(series=series, labels=["Wk 1"], finding="Ends.")
    heights = sorted(line.end.y for line in chart.wide.lines if line.end is not None)
    gaps = [after - before for before, after in itertools.pairwise(heights)]
    assert min(gaps) >= 14.8  # 15 less the rounding of both
    assert heights[-1] <= chart.wide.height


@given(st.integers(1, 80), st.integers(1, 12))
def test_week_labels_do_not_touch_and_the_last_is_there(count: int, widest: int) -> None:
    step = scale.every(count, room=260, widest=widest)
    shown = [place for place in range(count) if (count - 1 - place) % step == 0]
    assert shown[-1] == count - 1
    if len(shown) > 1:
        assert step * 260 / (count - 1) >= widest * scale.GLYPH


def test_a_known_zero_is_painted_and_a_missing_week_is_not() -> None:
    chart = bar_chart(
        bars=[Bar("7 Sep", 0), Bar("14 Sep", None), Bar("21 Sep", 5), Bar("28 Sep", 2, True)],
        top=5,
        unit="days with use",
        finding="Rose to 5.",
    )
    zero, full, running = chart.wide.bars
    assert (zero.y, zero.height) == (BOTTOM - HAIRLINE, HAIRLINE)
    assert (full.y, full.height) == (10.0, 140.0)
    assert running.partial
    assert chart.wide.note is not None
    assert chart.notes == ("No data: 14 Sep.",)
    assert [row.cells[0].status for row in chart.rows] == ["known", "unknown", "known", "known"]


def test_a_bar_beyond_its_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        bar_chart(bars=[Bar("7 Sep", 6)], top=5, unit="days", finding="")


def test_a_sparkline_breaks_at_a_gap() -> None:
    spark = sparkline(points=[0.1, 0.2, None, 0.9], label="Rose to 90%")
    assert len(spark.paths) == 1
    assert len(spark.alone) == 1
    assert spark.last is not None
    assert spark.last.x == 93
    assert sparkline(points=[], label="Nothing").last is None
