"""Which parts of a slice are in, and what it waits for."""

from collections.abc import Sequence

from django.db.models import Sum

from organizations.calculations.jobs import BatchState
from organizations.calculations.parts import Parts
from organizations.models import ImportBatch

WITHOUT_EFFECT = (BatchState.REFUSED, BatchState.UNDONE, BatchState.DISCARDED)


def parts_of(*, batch: ImportBatch) -> list[ImportBatch]:
    """All parts of the slice the batch belongs to, in their order; of a whole body only itself."""
    if batch.part is None:
        return [batch]
    return list(
        ImportBatch.objects.filter(
            kind=batch.kind,
            source=batch.source,
            initiative=batch.initiative,
            slice_id=batch.slice_id,
            part__isnull=False,
        )
        .exclude(state__in=WITHOUT_EFFECT)
        .order_by("part")
    )


def leader_of(*, batch: ImportBatch) -> ImportBatch:
    """The batch whose number stands for the slice: the part that came last and completed it."""
    return max(parts_of(batch=batch), key=lambda part: part.number)


def state_of(parts: Sequence[ImportBatch]) -> Parts:
    """What is in, and how many there will be."""
    stated = [int(part.options["parts"]) for part in parts if "parts" in part.options]
    ends = [part.part for part in parts if "last" in part.options]
    return Parts(
        numbers=[part.part for part in parts if part.part is not None],
        total=next(iter(stated + [end for end in ends if end is not None]), None),
    )


def size_of(*, batch: ImportBatch) -> int:
    """Bytes of all parts together."""
    ids = [part.pk for part in parts_of(batch=batch)]
    return int(ImportBatch.objects.filter(pk__in=ids).aggregate(size=Sum("body_bytes"))["size"])


def waits_for(*, batch: ImportBatch) -> str | None:
    """What a kept part waits for, in a sentence; None for a batch that waits for nothing."""
    if batch.part is None or batch.state != BatchState.RECEIVED:
        return None
    lacking = state_of(parts_of(batch=batch)).lacking
    if lacking:
        return f"This is part {batch.part} of a slice that waits for {lacking}."
    number = leader_of(batch=batch).number
    return f"This is part {batch.part} of a slice that is worked off as batch {number}."
