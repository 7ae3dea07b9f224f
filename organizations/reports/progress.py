"""How far a batch has been read: told past the transaction that merges it, which shows nothing."""

from dataclasses import dataclass

from organizations.calculations.jobs import BatchState
from organizations.models import ImportBatch

OPEN = (BatchState.RECEIVED, BatchState.RUNNING)
# In the options of a long batch: bytes and lines read so far.
READ = "read"
# Bodies whose lines are rows; elsewhere only the share is known.
_LINED = ("text/csv", "application/x-ndjson")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """share: of the body, 0 to 1. rows: lines read so far; None where a line is no row."""

    share: float
    rows: int | None

    @property
    def read(self) -> bool:
        """Whether all of it is read and only the comparison with what is stored is left."""
        return self.share >= 1


def progress_of(*, batch: ImportBatch) -> Progress | None:
    """None while nothing is read yet, and for a body that is read at once."""
    if READ not in batch.options or not batch.body_bytes:
        return None
    done, lines = batch.options[READ]
    return Progress(
        share=min(1.0, done / batch.body_bytes),
        rows=lines if batch.content_type in _LINED else None,
    )
