"""Measuring: tasks take turns, so that what else the machine does falls on all of them alike."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial


def seconds(task: Callable[[], object]) -> float:
    """How long one call takes. Garbage of earlier tasks is cleared away first."""
    gc.collect()
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def interleaved(
    tasks: Mapping[str, Callable[[int], object]], *, rounds: int
) -> dict[str, list[float]]:
    """Run every task once per round, in turning order. Each is told the round; seconds per task."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    order = list(tasks)
    for number in range(rounds):
        for name in order:
            times[name].append(seconds(partial(tasks[name], number)))
        order.append(order.pop(0))
    return times


def median(times: list[float]) -> float:
    return statistics.median(times)


def ratio(above: list[float], below: list[float]) -> float:
    """The median of the ratios of rounds: a slow moment weighs on both times of its round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
