"""What upper floors tell the ground floor, filled in their AppConfig.ready.

The ground floor keeps batches and runs nights; what a batch means and what a night does is known
above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class BatchWork:
    """How batches of one kind are worked off.

    process(batch=…, lease=…, clock=…) merges in one transaction and raises LeaseLost when the lease
    is no longer held.
    """

    kind: str
    process: Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a refresh: run(organization_id=…, now=…) returns the number of rows it wrote."""

    name: str
    order: int
    run: Callable[..., int]


batch_work: dict[str, BatchWork] = {}
refresh_steps: list[Step] = []
# Called in the transaction that changed the directory: (organization_id=…, person_ids=…).
directory_changed: list[Callable[..., Any]] = []


def register_batch_work(work: BatchWork) -> None:
    batch_work[work.kind] = work


def register_step(step: Step) -> None:
    if step.name not in {known.name for known in refresh_steps}:
        refresh_steps.append(step)
        refresh_steps.sort(key=lambda known: (known.order, known.name))


def on_directory_change(callback: Callable[..., Any]) -> None:
    if callback not in directory_changed:
        directory_changed.append(callback)
