"""How fresh the figures are, and from which imports."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from adoption.models import AdoptionState
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.models import ImportBatch, Subject

STALE_AFTER: Final = timedelta(hours=26)


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """Up to when sources have spoken, and when and from what the figures were computed."""

    data_through: date | None
    computed_at: datetime | None
    batch_number: int | None
    definition_version: str
    is_stale: bool


def load_freshness(*, organization_id: int, now: datetime) -> Freshness | None:
    """How fresh the figures of the organization in force are; None before the first refresh."""
    state = AdoptionState.objects.filter(organization_id=organization_id).first()
    if state is None or state.computed_at is None:
        return None
    return Freshness(
        data_through=state.data_through,
        computed_at=state.computed_at,
        batch_number=state.batch_number,
        definition_version=state.definition_version,
        is_stale=now - state.computed_at > STALE_AFTER,
    )


def load_version(*, organization_id: int) -> str | None:
    """By which definitions the figures were computed; None before the first refresh."""
    states = AdoptionState.objects.filter(organization_id=organization_id)
    return states.values_list("definition_version", flat=True).first()


def load_sources() -> tuple[str, ...]:
    """Names of the sources whose usage was taken, in the order of their names."""
    taken = ImportBatch.objects.filter(kind=BatchKind.USAGE, state=BatchState.DONE)
    names = taken.exclude(accepted=0, revised=0).order_by("source").values_list("source", flat=True)
    return tuple(names.distinct())


def count_unmatched() -> int:
    """Subjects that sources named and nobody has linked; their use is in no figure."""
    return Subject.objects.filter(links__isnull=True).count()
