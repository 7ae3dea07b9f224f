"""The price of an hour of a job role: what a priced role has to state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

LONGEST_WEEK = Decimal(80)
HIGHEST_PRICE = Decimal(100_000)


@dataclass(frozen=True, kw_only=True)
class Price:
    """Hours of a contracted week, money per hour in the organization's currency; None: not known.

    price_source says who stated the price ("Finance, full cost 2027"), priced_on since when.
    """

    week_hours: Decimal | None
    hour_price: Decimal | None
    price_source: str
    priced_on: date | None


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A job role with its price and how many people hold it."""

    people: int
    price: Price


def faults(*, price: Price, today: date) -> tuple[tuple[str, str], ...]:
    """What is wrong with a price, as (field, sentence); empty when it can be taken."""
    found = []
    if price.week_hours is not None and not 0 < price.week_hours <= LONGEST_WEEK:
        found.append(("week_hours", f"A week has more than 0 and at most {LONGEST_WEEK} hours."))
    if price.hour_price is None:
        if price.price_source or price.priced_on:
            found.append(("hour_price", "A source or a day says nothing without a price."))
        return tuple(found)
    if not 0 <= price.hour_price <= HIGHEST_PRICE:
        found.append(("hour_price", f"An hour costs between 0 and {HIGHEST_PRICE:,}."))
    if not price.price_source:
        found.append(("price_source", "Say where the price is from, such as “Finance, 2027”."))
    if price.priced_on is None:
        found.append(("priced_on", "Say since which day the price holds."))
    elif price.priced_on > today:
        found.append(("priced_on", "The day lies ahead; enter the price when it holds."))
    return tuple(found)


def average_price(roles: Iterable[Priced]) -> Decimal | None:
    """Money per hour on average over people whose role is priced; None when nobody's is."""
    priced = [(role.people, role.price.hour_price) for role in roles if role.people]
    known = [(people, price) for people, price in priced if price is not None]
    people = sum(count for count, _ in known)
    if not people:
        return None
    return sum((price * count for count, price in known), Decimal(0)) / people
