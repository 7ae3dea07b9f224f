"""When the parts of a slice are all in, and what is missing where they are not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

PATIENCE = timedelta(hours=24)
MOST_PARTS = 1000
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of a slice a body is. total: how many there are; last: it is the last one."""

    slice_id: str
    number: int
    total: int | None = None
    last: bool = False

    @property
    def options(self) -> dict[str, str]:
        """What the batch remembers of it beside its slice and number."""
        if self.total is not None:
            return {"parts": str(self.total)}
        return {"last": "true"} if self.last else {}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Parts that are in. total: how many there will be; None while nobody has said."""

    numbers: Collection[int]
    total: int | None

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers that have to come, as far as that is known."""
        upto = self.total or max(self.numbers, default=0)
        return tuple(number for number in range(1, upto + 1) if number not in set(self.numbers))

    @property
    def complete(self) -> bool:
        return self.total is not None and not self.missing

    @property
    def lacking(self) -> str:
        """What is missing, in words; empty when nothing is."""
        numbers = [str(number) for number in self.missing[:_MOST_NAMED]]
        if len(self.missing) > _MOST_NAMED:
            numbers.append(f"{len(self.missing) - _MOST_NAMED} more")
        words = [f"part{'s' if numbers[1:] else ''} {', '.join(numbers)}"] if numbers else []
        return " and ".join([*words, *(["the last part"] if self.total is None else [])])
