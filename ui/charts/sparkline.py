"""A word-sized line of shares for table rows; its row holds the figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.charts import scale
from ui.charts.drawing import Dot

WIDTH, HEIGHT, EDGE = 96, 24, 3.0


@dataclass(frozen=True)
class Sparkline:
    width: int
    height: int
    label: str
    paths: tuple[str, ...]
    alone: tuple[Dot, ...]
    last: Dot | None


def sparkline(*, points: Sequence[float | None], label: str) -> Sparkline:
    """Lay out shares between 0 and 1; None is a gap. ``label`` says the finding in words."""
    runs = [
        [Dot(x=_x(place, len(points)), y=_y(value)) for place, value in run]
        for run in scale.segments(points)
    ]
    return Sparkline(
        width=WIDTH,
        height=HEIGHT,
        label=label,
        paths=tuple(
            "M" + " L".join(f"{dot.x} {dot.y}" for dot in run) for run in runs if len(run) > 1
        ),
        alone=tuple(run[0] for run in runs if len(run) == 1),
        last=runs[-1][-1] if runs else None,
    )


def _x(place: int, count: int) -> float:
    if count < 2:
        return WIDTH / 2
    return scale.position(place, low=0, high=count - 1, start=EDGE, end=WIDTH - EDGE)


def _y(share: float) -> float:
    return scale.position(share, low=0, high=1, start=HEIGHT - EDGE, end=EDGE)
