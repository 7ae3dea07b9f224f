"""What is asked of the audit trail, and its entries as words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TrailFilter:
    """What of the trail is asked for; empty fields ask for all.

    actor: (kind, id) with id None for everybody of that kind. `until` is exclusive. about: the id
    of an object as it stands in the entries.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: tuple[str, int | None] | None = None
    group: str = ""
    about: str = ""

    @property
    def asks(self) -> bool:
        return any((self.since, self.until, self.actor, self.group, self.about))


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of what an entry says of the change."""

    name: str
    value: str


def changes_of(stored: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes of an entry as lines: fields in words, values as they are.

    >>> changes_of({"expires_on": "2027-01-05", "scopes": ["a", "b"]})[1]
    Change(name='Scopes', value='a, b')
    """
    return tuple(
        Change(name=name.replace("_", " ").capitalize(), value=_said(value))
        for name, value in stored.items()
    )


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_said(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value)
    return str(value)
