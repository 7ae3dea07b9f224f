"""What the commands of this folder say, and whom they speak of."""

from typing import Any

from django.core.management.base import CommandError

from organizations.calculations.jobs import BatchState
from organizations.models import ImportBatch, Organization, RowError

MOST_ERRORS = 20


def organization_named(slug: str) -> Organization:
    """The organization of a short name, or the only one there is. Raises CommandError."""
    found = Organization.objects.filter(active=True).order_by("slug")
    if slug:
        found = found.filter(slug=slug)
    names = list(found)
    if len(names) == 1:
        return names[0]
    known = ", ".join(
        Organization.objects.filter(active=True).order_by("slug").values_list("slug", flat=True)
    )
    if slug:
        raise CommandError(f"There is no organization {slug}. Known: {known or 'none'}.")
    raise CommandError(f"Name one with --organization. Known: {known or 'none'}.")


def tell(batch: ImportBatch, out: Any) -> None:
    """Print the sums of a batch and its first errors. Raises CommandError when it was refused."""
    out.write(
        f"Batch {batch.number}: {batch.received:,} received = {batch.accepted:,} accepted"
        f" + {batch.revised:,} revised + {batch.duplicate:,} duplicate"
        f" + {batch.rejected:,} rejected; {batch.unmatched:,} of somebody nobody knows."
    )
    for error in RowError.objects.filter(batch=batch).order_by("number")[:MOST_ERRORS]:
        out.write(f"  line {error.line}, {error.field}: {error.message} ({error.code})")
    if batch.lines_rejected > MOST_ERRORS:
        out.write(f"  and more: see the page of batch {batch.number}.")
    for warning in batch.warnings:
        out.write(f"  {warning}")
    if batch.state != BatchState.DONE:
        raise CommandError(batch.problem or f"The batch is {batch.state}.")
