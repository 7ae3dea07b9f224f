"""Why a vendor counts other people than we do: steps from one figure to the other that add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

BLOCK_WEEKS: Final = 4
# Active-28 is told of an initiative with at least so many eligible people (METHODS 3.1).
FEWEST_ELIGIBLE: Final = 50
# Blocks never overlap, so that two of them tell nothing of single people (METHODS 3.5 d).
EPOCH: Final = date(2024, 1, 1)
WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is added (or taken, below 0) on the way, and why. private: it counts people."""

    words: str
    count: int
    private: bool = True


def blocks_until(*, week: date, most: int) -> tuple[date, ...]:
    """Mondays on which the newest whole blocks begin that end with `week` or before."""
    done = ((week - EPOCH).days // 7 + 1) // BLOCK_WEEKS
    first = EPOCH + (done - 1) * BLOCK_WEEKS * WEEK
    return tuple(first - n * BLOCK_WEEKS * WEEK for n in range(most))


def told_steps(*, steps: Sequence[Step], k: int) -> tuple[Step, ...] | None:
    """The steps that may be told, those that concern 1 to k-1 people pooled until they are k.

    None where even all of them together are fewer: then no step and no subtotal may be told.
    """
    public = [step for step in steps if not step.private and step.count]
    private = sorted(
        (step for step in steps if step.private and step.count), key=lambda step: abs(step.count)
    )
    pool: list[Step] = []
    while private and (abs(private[0].count) < k or 0 < _people(pool) < k):
        pool.append(private.pop(0))
    if 0 < _people(pool) < k:
        return None
    kept = [step for step in steps if step in public or step in private]
    if not pool:
        return tuple(kept)
    net = sum(step.count for step in pool)
    return (*kept, Step(words=f"{len(pool)} other reasons, taken together", count=net))


def _people(steps: Sequence[Step]) -> int:
    return sum(abs(step.count) for step in steps)
