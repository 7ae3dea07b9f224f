"""The drawings of the adoption pages, from figures that are suppressed already."""

from collections.abc import Sequence

from adoption.reports.adoption import Point
from adoption.reports.figures import Figure, FigureStatus
from adoption.reports.own import OwnWeek
from ui.charts.bars import Bar, BarChart, bar_chart
from ui.charts.line import LineChart, Mark, Series, line_chart
from ui.formats import short_date

DAYS_OF_A_WEEK = 7


def share_chart(*, points: Sequence[Point], finding: str, marks: Sequence[Mark] = ()) -> LineChart:
    """Weekly active and habitual shares; weeks without data and hidden ones are gaps."""
    return line_chart(
        series=[
            _series("weekly active", [point.active for point in points]),
            _series("habitual", [point.habitual for point in points]),
        ],
        labels=[short_date(point.week) for point in points],
        finding=finding,
        marks=marks,
    )


def days_chart(*, weeks: Sequence[OwnWeek], finding: str) -> BarChart:
    """A person's own days with use, week by week."""
    return bar_chart(
        bars=[
            Bar(label=short_date(week.week), value=week.days, partial=week.is_running)
            for week in weeks
        ],
        top=DAYS_OF_A_WEEK,
        unit="days with use",
        finding=finding,
    )


def _series(label: str, figures: Sequence[Figure]) -> Series:
    return Series(
        label=label,
        points=tuple(figure.share for figure in figures),
        suppressed=frozenset(
            place
            for place, figure in enumerate(figures)
            if figure.status is FigureStatus.SUPPRESSED
        ),
    )
