"""What a people file would change: one entry per person or doubtful row, and how to keep it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from organizations.calculations.choices import ChangeKind
from organizations.calculations.identities import Holders
from organizations.calculations.people import EMAIL, Alias, Known, Statement
from organizations.calculations.spans import Held, Span

# How alike two names are before a new department is taken for a slip of the pen (0 to 1).
ALIKE = 0.65
ALIKE_PATHS = 0.9
MOST_ALIKE = 5
# More than this share of the people here today, and never for a handful, wants a second signature.
SHARE_ENDED_ALONE = 0.05
FEW = 5


class Problem(StrEnum):
    """Why a row waits for a choice; the codes under which it is refused without one."""

    ALIAS_TAKEN = "alias_taken"
    CONFLICTING_ROWS = "conflicting_rows"
    UNKNOWN_DEPARTMENT = "unknown_department"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How a member settled the doubts of one file. Rows are named by their physical lines.

    left_out: lines; kept: absent people who stay; people: whom a line means, None somebody new;
    used: lines that hold against the others; departments: the stored one that a path means, None
    to make it; end_absent: whether whoever is not in the file ends.
    """

    left_out: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()
    people: Mapping[int, int | None] = field(default_factory=dict)
    used: frozenset[int] = frozenset()
    departments: Mapping[str, int | None] = field(default_factory=dict)
    end_absent: bool = False


def choices_of(stored: Mapping[str, Any]) -> Choices:
    """Choices as a batch keeps them."""
    return Choices(
        left_out=frozenset(stored.get("left_out", ())),
        kept=frozenset(stored.get("kept", ())),
        people={int(line): person for line, person in stored.get("people", {}).items()},
        used=frozenset(stored.get("used", ())),
        departments=dict(stored.get("departments", {})),
        end_absent=bool(stored.get("end_absent")),
    )


def choices_json(choices: Choices) -> dict[str, Any]:
    return {
        "left_out": sorted(choices.left_out),
        "kept": sorted(choices.kept),
        "people": {str(line): person for line, person in sorted(choices.people.items())},
        "used": sorted(choices.used),
        "departments": dict(sorted(choices.departments.items())),
        "end_absent": choices.end_absent,
    }


@dataclass(frozen=True, kw_only=True)
class Names:
    """Words of department and job role ids; ids below 0 are of those still to be made."""

    departments: Mapping[int, str]
    roles: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One person or one doubtful row. lines: physical lines of the file, none for the absent.

    row: what a doubtful row says and whom or what it may mean.
    """

    kind: ChangeKind
    lines: tuple[int, ...] = ()
    person_id: int | None = None
    old: Known | None = None
    new: Known | None = None
    problem: str = ""
    row: Mapping[str, Any] | None = None
    left_out: bool = False

    @property
    def takes_effect(self) -> bool:
        return self.new is not None and not self.left_out


def known_json(known: Known | None, names: Names) -> dict[str, Any] | None:
    """A person for the page and for the undo."""
    if known is None:
        return None
    return {
        "external_id": known.external_id,
        "name": known.name,
        "email": known.email,
        "aliases": sorted([kind, value] for kind, value in known.aliases),
        "employed": [_days(span) for span in known.employed],
        "away": [_days(span) for span in known.away],
        "departments": _held_json(known.departments, names.departments),
        "roles": _held_json(known.roles, names.roles),
    }


def known_of(stored: Mapping[str, Any]) -> Known:
    """A person from `known_json`, with departments and job roles that exist."""
    return Known(
        external_id=stored["external_id"],
        name=stored["name"],
        email=stored["email"],
        aliases=frozenset((kind, value) for kind, value in stored["aliases"]),
        employed=tuple(_span(days) for days in stored["employed"]),
        away=tuple(_span(days) for days in stored["away"]),
        departments=tuple((_span(held[:2]), held[2]) for held in stored["departments"]),
        roles=tuple((_span(held[:2]), held[2]) for held in stored["roles"]),
    )


def _held_json(held: Sequence[Held], words: Mapping[int, str]) -> list[list[Any]]:
    return [
        [*_days(span), value if value > 0 else None, words.get(value, "")] for span, value in held
    ]


def _days(span: Span) -> list[str | None]:
    return [day.isoformat() if day else None for day in (span.lower, span.upper)]


def _span(days: Sequence[str | None]) -> Span:
    lower, upper = (date.fromisoformat(day) if day else None for day in days)
    return Span(lower, upper)


def fingerprint(entries: Iterable[Entry], names: Names) -> str:
    """A digest of everything that applying these entries would write."""
    said = [
        [entry.kind.value, entry.person_id, known_json(entry.old, names), _after(entry, names)]
        for entry in entries
        if entry.takes_effect
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _after(entry: Entry, names: Names) -> dict[str, Any] | None:
    return known_json(entry.new, names)


def with_ids(known: Known, *, departments: Mapping[int, int], roles: Mapping[int, int]) -> Known:
    """A person whose departments and roles have been made: provisional ids become real ones."""
    return replace(
        known,
        departments=tuple((span, departments.get(pk, pk)) for span, pk in known.departments),
        roles=tuple((span, roles.get(pk, pk)) for span, pk in known.roles),
    )


def alike(path: str, existing: Iterable[str]) -> list[str]:
    """Stored departments that a new one may be meant for, most alike first.

    >>> alike("Dispatch Ops", ["Dispatch and Operations", "Finance"])
    ['Dispatch and Operations']
    """
    name = path.rpartition(" / ")[2].casefold()
    found = []
    for other in existing:
        by_name = _ratio(name, other.rpartition(" / ")[2].casefold())
        by_path = _ratio(path.casefold(), other.casefold())
        siblings = path.rpartition(" / ")[0] == other.rpartition(" / ")[0]
        if by_path >= ALIKE_PATHS or by_name >= (ALIKE if siblings else 1):
            found.append((max(by_name, by_path), other))
    return [other for _, other in sorted(found, key=lambda pair: (-pair[0], pair[1]))][:MOST_ALIKE]


def _ratio(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE else 0.0


def candidates(row: Statement, holders: Holders) -> tuple[list[int], bool]:
    """Stored people whom a row may mean, and whether it may mean somebody new."""
    held = [holders.external_ids.get(row.external_id)] if row.external_id else []
    held += [holders.aliases.get(name) for name in sorted(row.aliases)]
    email_free = (EMAIL, row.email) not in holders.aliases
    id_free = row.external_id not in holders.external_ids
    return sorted({person for person in held if person is not None}), email_free and id_free


def meant(
    row: Statement, *, person_id: int | None, email: str | None, holders: Holders
) -> Statement:
    """A row after a member said whom it means; names of others are left to them.

    email: the stored address of that person, kept where the row's own belongs to somebody else.
    """

    def free(name: Alias) -> bool:
        return holders.aliases.get(name) in (None, person_id)

    taken_id = holders.external_ids.get(row.external_id) not in (None, person_id)
    return replace(
        row,
        person_id=person_id,
        external_id="" if taken_id else row.external_id,
        email=row.email if free((EMAIL, row.email)) or email is None else email,
        aliases=frozenset(name for name in row.aliases if free(name)),
    )


def wants_second_person(*, ended: int, here: int) -> bool:
    """Whether so many people end at once that a second administrator has to agree.

    >>> wants_second_person(ended=9, here=1240), wants_second_person(ended=70, here=1240)
    (False, True)
    """
    return ended >= FEW and ended > here * SHARE_ENDED_ALONE
