"""A file of usage that waits to be imported."""

from dataclasses import dataclass

from organizations.calculations.jobs import BatchKind
from organizations.errors import NotFound
from organizations.models import ImportBatch
from portfolio.models import Initiative

MOST_KEYS = 50


@dataclass(frozen=True, kw_only=True)
class KnownKeys:
    """Keys of the register, for rows that name another one. more: that are not listed."""

    keys: tuple[str, ...]
    more: int


def find_upload(*, number: int) -> ImportBatch:
    """A batch of usage by its number, in whatever state. Raises NotFound."""
    batch = ImportBatch.objects.filter(number=number, kind=BatchKind.USAGE).first()
    if batch is None:
        raise NotFound("There is no file of usage of this number here.")
    return batch


def known_keys() -> KnownKeys:
    """What rows may name, of the organization in force."""
    keys = list(Initiative.objects.order_by("key").values_list("key", flat=True))
    return KnownKeys(keys=tuple(keys[:MOST_KEYS]), more=max(0, len(keys) - MOST_KEYS))
