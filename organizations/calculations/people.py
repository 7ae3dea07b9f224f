"""What the directory knows of a person, and what one row of a file changes in it."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from organizations.calculations.spans import (
    Held,
    Span,
    employment,
    first_difference,
    moved,
    restated,
    stays,
    through,
)

# (kind, value): an address, a login, a vendor's id.
Alias: TypeAlias = tuple[str, str]
EMAIL = "email"
# A user principal name is an address by which one may be found.
_KINDS = {"upn": EMAIL}
_SEARCH_LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person as stored."""

    external_id: str
    name: str
    email: str
    aliases: frozenset[Alias] = frozenset()
    employed: tuple[Span, ...] = ()
    away: tuple[Span, ...] = ()
    departments: tuple[Held, ...] = ()
    roles: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a row says of a person on a day; None is not said."""

    line: int
    day: date
    external_id: str
    name: str
    email: str
    aliases: frozenset[Alias]
    department_id: int | None = None
    job_role_id: int | None = None
    start: date | None = None
    end: date | None = None
    leave_from: date | None = None
    leave_to: date | None = None
    # Whom a member said the row means; None: the names decide.
    person_id: int | None = None


def told(*, known: Known | None, said: Statement) -> Known:
    """A person after a row. What a row does not say stays as it was. Raises SpanError.

    Aliases add up: an old login still names the same person.
    """
    before = known or Known(
        external_id=said.external_id or said.email, name=said.name, email=said.email
    )
    return replace(
        before,
        external_id=said.external_id or before.external_id,
        name=said.name,
        email=said.email,
        aliases=before.aliases | said.aliases,
        employed=employment(stored=before.employed, start=said.start, end=said.end),
        away=_away(before.away, said),
        departments=_seen(before.departments, said.day, said.department_id),
        roles=_seen(before.roles, said.day, said.job_role_id),
    )


def _away(stored: tuple[Span, ...], said: Statement) -> tuple[Span, ...]:
    if said.leave_from is None:
        return stored
    return restated(stored=stored, stated=through(said.leave_from, said.leave_to))


def _seen(held: tuple[Held, ...], day: date, value: int | None) -> tuple[Held, ...]:
    return held if value is None else moved(held=held, day=day, value=value)


def groups_differ_from(old: Known, new: Known) -> date | None:
    """The first day on which the two belong to other groups, work or are away differently."""
    pairs = (
        (stays(old.employed), stays(new.employed)),
        (stays(old.away), stays(new.away)),
        (old.departments, new.departments),
        (old.roles, new.roles),
    )
    days = (first_difference(before, after) for before, after in pairs if before != after)
    return min((day for day in days if day is not None), default=None)


def aliases_of(*, email: str, written: tuple[str, ...]) -> frozenset[Alias]:
    """The names of a row: its address and its aliases, written `kind:value`."""
    pairs = (text.partition(":") for text in written)
    return frozenset(
        [(EMAIL, email), *((_KINDS.get(kind, kind), value) for kind, _, value in pairs)]
    )


def search_key(*, name: str, email: str) -> str:
    """Name and address without case and accents, for order and for search.

    >>> search_key(name="Zoë Şahin", email="zoe@acme.test")
    'zoe sahin zoe@acme.test'
    """
    folded = unicodedata.normalize("NFKD", f"{name} {email}".casefold())
    return "".join(c for c in folded if not unicodedata.combining(c))[:_SEARCH_LENGTH]
