"""What upper floors tell adoption, filled in their AppConfig.ready."""

from collections.abc import Callable
from datetime import date
from typing import Protocol


class StartsOn(Protocol):
    """The first day of a range in force on ``today``; None while there is none."""

    def __call__(self, *, organization_id: int, today: date) -> date | None: ...


# Ranges that people choose by name, such as "sprint".
named_ranges: dict[str, StartsOn] = {}


def register_range(*, name: str) -> Callable[[StartsOn], StartsOn]:
    """Offer a range under a name: ``register_range(name="sprint")(starts_on)``."""

    def offer(starts_on: StartsOn) -> StartsOn:
        named_ranges[name] = starts_on
        return starts_on

    return offer
