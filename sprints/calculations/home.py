"""What the sprint home shows of one day: sums and ids, never names of people."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from adoption.calculations.rates import change_in_points, share
from adoption.calculations.suppression import Cell, Reason, Status, suppress

SCHEMA: Final = 1
KIND: Final = "sprint_home"


@dataclass(frozen=True, kw_only=True)
class Share:
    """k of n people in one week; both are None unless the status is known.

    Where nobody is eligible the share is unknown. ``at_least``: an initiative was silent that week,
    so the true share may be higher.
    """

    week: date
    status: Status
    k: int | None = None
    n: int | None = None
    at_least: bool = False

    @property
    def value(self) -> float | None:
        """From 0 to 1."""
        if self.k is None or self.n is None:
            return None
        return share(k=self.k, n=self.n)


@dataclass(frozen=True, kw_only=True)
class SprintDates:
    sprint_id: int
    name: str
    starts_on: date


@dataclass(frozen=True, kw_only=True)
class ImportHealth:
    """Batches received in the seven days up to the snapshot, and their rows."""

    batches: int
    waiting: int
    failed: int
    received: int
    accepted: int
    revised: int
    duplicate: int
    rejected: int


@dataclass(frozen=True, kw_only=True)
class SilentWeek:
    """A complete week in which an initiative's sources said nothing."""

    initiative_id: int
    week: date


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits for somebody: subjects nobody has linked, batches that failed, silent weeks."""

    unmatched_subjects: int
    failed_batches: int
    silent_weeks: tuple[SilentWeek, ...]

    @property
    def total(self) -> int:
        return self.unmatched_subjects + self.failed_batches + len(self.silent_weeks)


@dataclass(frozen=True, kw_only=True)
class HomeBody:
    """The body of a snapshot of kind ``sprint_home``, schema 1.

    ``active`` is the newest week with data up to the last complete one, ``active_at_start`` the
    same as seen on the sprint's first day. Every figure is None while there is nothing to tell.
    """

    last_complete_week: date
    sprint: SprintDates | None
    active: Share | None
    active_at_start: Share | None
    habitual: Share | None
    series: tuple[Share, ...]
    data_through: date | None
    batch_number: int | None
    figures_version: int
    definition_version: str
    imports: ImportHealth
    waiting: Waiting
    figures_computed_at: datetime | None

    @property
    def change_since_start(self) -> float | None:
        """Percentage points between the share at the start and now."""
        if self.active is None or self.active_at_start is None:
            return None
        return change_in_points(before=self.active_at_start.value, after=self.active.value)


def tell(*, week: date, k: int, n: int, smallest_group: int, at_least: bool = False) -> Share:
    """A share as far as it may be told of everybody; small organizations see none."""
    shown = suppress(tree=Cell(key="all", eligible=n, active=k), k=smallest_group)
    if shown.reason is not Reason.SHOWN:
        return Share(week=week, status=shown.status)
    return Share(
        week=week, status=shown.status, k=shown.active, n=shown.eligible, at_least=at_least
    )
