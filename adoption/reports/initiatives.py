"""The initiatives that adoption is shown for."""

from dataclasses import dataclass

from organizations.errors import NotFound
from portfolio.calculations.stages import Stage
from portfolio.models import Initiative


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One initiative of a filter or a table; ``key`` is its word in addresses."""

    pk: int
    key: str
    name: str
    is_proposed: bool = False


@dataclass(frozen=True, kw_only=True)
class Offer:
    """All that can be chosen, by name, and what was; None stands for any initiative."""

    choices: tuple[Choice, ...]
    chosen: Choice | None


def load_offer(*, initiative_key: str | None) -> Offer:
    """Initiatives of the organization in force. Raises NotFound."""
    rows = Initiative.objects.order_by("name", "pk").values_list("pk", "key", "name", "stage")
    choices = tuple(
        Choice(pk=pk, key=key, name=name, is_proposed=stage == Stage.PROPOSED)
        for pk, key, name, stage in rows
    )
    if initiative_key is None:
        return Offer(choices=choices, chosen=None)
    chosen = next((choice for choice in choices if choice.key == initiative_key), None)
    if chosen is None:
        raise NotFound("There is no such initiative.")
    return Offer(choices=choices, chosen=chosen)
