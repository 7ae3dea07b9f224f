"""The filter of the list of batches."""

from django.http import QueryDict

from organizations.calculations.jobs import BatchKind, BatchState
from organizations.forms.telling import member_of


def batch_filter(query: QueryDict) -> tuple[BatchKind | None, BatchState | None]:
    """The kind and the state an address asks of the list of batches."""
    return member_of(BatchKind, query.get("kind", "")), member_of(
        BatchState, query.get("state", "")
    )
