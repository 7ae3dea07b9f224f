"""Full slices: a sender states that some days hold these rows and no others."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from adoption.models import FullSlice
from adoption.querysets import slices
from adoption.querysets.slices import SliceOfFacts
from organizations.models import ImportBatch
from organizations.sources.reading import BodyCode, EnvelopeError

REFUSED_ROWS = (
    "Rows of this full slice were refused, so nothing was withdrawn: whom they are about is not"
    " known. Mend them and send the slice again."
)


def slice_named(
    *, batch: ImportBatch, source: str, initiatives: Mapping[str, int]
) -> SliceOfFacts | None:
    """The full slice that the request of a batch named, None where it named none.

    source: whose subjects the rows are about. Raises EnvelopeError without a known initiative.
    """
    if "full" not in batch.options:
        return None
    if batch.initiative not in initiatives:
        raise EnvelopeError(
            BodyCode.INITIATIVE_MISSING, "A full slice is of one initiative that exists."
        )
    return SliceOfFacts(
        initiative_id=initiatives[batch.initiative],
        source=source,
        scope=batch.options["scope"],
        grain=batch.options["grain"],
        first_day=date.fromisoformat(batch.options["slice_from"]),
        end_day=date.fromisoformat(batch.options["slice_to"]),
    )


def close_slice(
    *,
    organization_id: int,
    facts: SliceOfFacts,
    parts: Sequence[ImportBatch],
    batch_id: int,
    now: datetime,
    today: date,
) -> int:
    """State a slice whose rows are merged, and withdraw what it left out. Returns how many facts.

    It is stated when the earliest of its rows and parts was, so that it never outdoes its own rows.
    """
    as_of = min(part.as_of for part in parts)
    rows = slices.earliest_statement(grain=facts.grain)
    if rows is not None:
        as_of = min(as_of, rows)
    FullSlice.objects.create(
        organization_id=organization_id,
        initiative_id=facts.initiative_id,
        source=facts.source,
        scope=facts.scope,
        grain=facts.grain,
        first_day=facts.first_day,
        end_day=facts.end_day,
        as_of=as_of,
        batch_id=batch_id,
    )
    return slices.withdraw(
        organization_id=organization_id,
        facts=facts,
        as_of=as_of,
        batch_id=batch_id,
        now=now,
        today=today,
    )


def days_together(
    *, rows: tuple[date, date] | None, facts: SliceOfFacts | None
) -> tuple[date, date] | None:
    """The first and the last day that rows and slice speak of."""
    if facts is None:
        return rows
    last = facts.end_day - timedelta(days=1)
    if rows is None:
        return facts.first_day, last
    return min(rows[0], facts.first_day), max(rows[1], last)
