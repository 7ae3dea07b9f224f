"""Rollups as a refresh would leave them, for tests of what is shown of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adoption.calculations.states import State
from adoption.calculations.suppression import Dimension
from adoption.calculations.weeks import complete_week
from adoption.models import AdoptionState, GroupWeek, PersonWeek, SourceWeek, WeekMask
from adoption.reports.tables import ANY_INITIATIVE
from organizations.models import Department, Organization

NOBODY = 0


def last_week(*, now: datetime | None = None) -> date:
    return complete_week(today=(now or datetime.now(UTC)).date())


def weeks_ago(count: int) -> date:
    """The Monday so many weeks before the last complete week."""
    return last_week() - timedelta(weeks=count)


def write_state(
    *, organization: Organization, computed_at: datetime | None = None, batch: int | None = None
) -> AdoptionState:
    """Figures computed just now, up to the last complete week, with 57 weeks of masks."""
    return AdoptionState.objects.create(
        organization=organization,
        base_week=weeks_ago(57),
        last_week=weeks_ago(0),
        data_through=weeks_ago(0) + timedelta(days=6),
        batch_number=batch,
        computed_at=computed_at or datetime.now(UTC),
        version=1,
    )


def counts(eligible: int, active: int, **more: int) -> dict[str, int]:
    """A consistent row: by default all were eligible for long, and use is half a habit."""
    habitual = more.pop("habitual", active // 2)
    lapsed = more.pop("state_lapsed", 0)
    return {
        "eligible": eligible,
        "active": active,
        "elig4": eligible,
        "habitual": habitual,
        "elig12": eligible,
        "established": habitual // 2,
        f"state_{State.HABITUAL}": habitual,
        f"state_{State.OCCASIONAL}": active - habitual,
        f"state_{State.LAPSED}": lapsed,
        f"state_{State.NEVER}": eligible - active - lapsed,
        **more,
    }


def write_week(
    *,
    week: date,
    direct: Mapping[str | None, Mapping[str, int]],
    initiative_id: int = ANY_INITIATIVE,
    state: str = "complete",
) -> None:
    """One week of one initiative, from the people directly in each department (None: in none)."""
    SourceWeek.objects.create(week=week, initiative_id=initiative_id, state=state)
    parents = dict(Department.objects.values_list("pk", "parent_id"))
    ids = dict(Department.objects.values_list("key", "pk"))
    sums: dict[tuple[Dimension, int], dict[str, int]] = {}
    for path, row in direct.items():
        place = ids[path] if path is not None else NOBODY
        for key in _groups(place, parents):
            held = sums.setdefault(key, {})
            for name, value in row.items():
                held[name] = held.get(name, 0) + value
    GroupWeek.objects.bulk_create(
        GroupWeek(
            week=week, dimension=dimension, group_id=group, initiative_id=initiative_id, **row
        )
        for (dimension, group), row in sums.items()
    )


def _groups(place: int, parents: Mapping[int, int | None]) -> list[tuple[Dimension, int]]:
    found = [(Dimension.ALL, 0), (Dimension.DIRECT, place)]
    above: int | None = place or None
    while above is not None:
        found.append((Dimension.DEPARTMENT, above))
        above = parents[above]
    return found


def write_person_week(
    *,
    week: date,
    person_id: int,
    initiative_id: int,
    days: int | None,
    uses: int | None = None,
    used: bool = True,
) -> PersonWeek:
    return PersonWeek.objects.create(
        week=week,
        person_id=person_id,
        initiative_id=initiative_id,
        active_days=days,
        interactions=uses,
        used=used,
    )


def write_mask(
    *, person_id: int, active_weeks: int, initiative_id: int = ANY_INITIATIVE, **more: Any
) -> WeekMask:
    """Eligible in all 58 weeks, active in the last so many of them."""
    everything = (1 << 58) - 1
    active = everything & ~((1 << (58 - active_weeks)) - 1)
    return WeekMask.objects.create(
        person_id=person_id,
        initiative_id=initiative_id,
        eligible_mask=everything,
        active_mask=active,
        **more,
    )
