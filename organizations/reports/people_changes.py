"""What a stored change of a people file says to whoever has to apply it: in words, with effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from organizations.calculations.choices import ChangeKind
from organizations.calculations.preview import Problem
from organizations.models import BatchChange
from ui.formats import short_date

DAY = timedelta(days=1)
Stored = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One row of the preview. choices: (value, words) by which a conflict is settled."""

    number: int
    kind: ChangeKind
    who: str
    public_id: str
    what: str
    effect: str
    problem: str
    left_out: bool
    line: int | None
    choices: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def kind_words(self) -> str:
        return self.kind.value.capitalize()


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the words of one page need beside the rows: people by id, departments, days of grace."""

    people: Mapping[int, tuple[str, str]]
    departments: Sequence[tuple[str, str]]
    alike: Mapping[int, tuple[str, str]]
    grace_days: int
    last_day: date
    ends: bool


def change_line(row: BatchChange, words: Words) -> ChangeLine:
    """One stored row in words."""
    kind, said = ChangeKind(row.kind), row.after or {}
    choices: Sequence[tuple[str, str]] = ()
    known, doubtful = said.get("known"), said.get("row")
    if doubtful is not None:
        who, what, effect = _doubt(row, doubtful, words)
        choices = _choices(row, doubtful, words)
    else:
        who, what, effect = _sure(row, known, words)
    return ChangeLine(
        number=row.number,
        kind=kind,
        who=who,
        public_id=words.people.get(row.person_id or 0, ("", ""))[1],
        what=what,
        effect="Left out; nothing of it is applied" if row.left_out else effect,
        problem=row.problem,
        left_out=row.left_out,
        line=row.line,
        choices=choices,
    )


def _sure(row: BatchChange, known: Stored | None, words: Words) -> tuple[str, str, str]:
    if row.kind == ChangeKind.GONE or known is None:
        who = words.people.get(row.person_id or 0, ("somebody", ""))[0]
        effect = f"Last day {short_date(words.last_day)}. What they did stays"
        return who, "Not in this file", effect if words.ends else "Stays as it is"
    who = f"{known['external_id']} · {known['name']}"
    if row.before is None:
        return who, _place(known), _begin(known, words)
    return (who, *_differences(row.before, known))


def _place(known: Stored) -> str:
    parts = [known[name][-1][3] for name in ("roles", "departments") if known[name]]
    return ", ".join(parts) or "No department or job role stated"


def _begin(known: Stored, words: Words) -> str:
    start = known["employed"][-1][0] if known["employed"] else None
    if start is None:
        return "Here since always, as no first day is stated"
    first = date.fromisoformat(start)
    eligible = first + timedelta(days=words.grace_days)
    return f"Starts {short_date(first)}, eligible from {short_date(eligible)}"


def _differences(old: Stored, new: Stored) -> tuple[str, str]:
    """What changes, and what comes of it, for every fact that differs."""
    found = [
        *_plain(old, new),
        *_held(old, new, "departments", "Department"),
        *_held(old, new, "roles", "Job role"),
        *_stay(old, new),
        *_leave(old, new),
    ]
    effects = [effect for _, effect in found if effect]
    return "; ".join(what for what, _ in found) or "Nothing", ". ".join(dict.fromkeys(effects))


def _plain(old: Stored, new: Stored) -> list[tuple[str, str]]:
    labels = {"name": "Name", "email": "Address", "external_id": "Directory id"}
    found = [
        (f"{label}: {old[name]} → {new[name]}", "The same person; earlier names still find them")
        for name, label in labels.items()
        if old[name] != new[name]
    ]
    added = [alias for alias in new["aliases"] if alias not in old["aliases"]]
    # A new address is told above already.
    names = [value if kind == "email" else f"{kind}:{value}" for kind, value in added]
    more = [name for name in names if name != new["email"]]
    if more:
        found.append((f"Also known as {', '.join(more)}", "Usage under these names counts"))
    return found


def _held(old: Stored, new: Stored, name: str, label: str) -> list[tuple[str, str]]:
    if old[name] == new[name]:
        return []
    changed = [held for held in new[name] if held not in old[name]]
    if not changed or not old[name]:
        return [(f"{label}: none → {_last(new[name])}", "")]
    lower = changed[-1][0]
    before = next((held[3] for held in old[name] if _covers(held, lower)), "none")
    if before == changed[-1][3]:
        return [(f"{label}: history corrected", "Past weeks are computed again")]
    since = f"From {short_date(date.fromisoformat(lower))}. " if lower else ""
    return [(f"{label}: {before} → {changed[-1][3]}", f"{since}History stays with {before}")]


def _last(held: Sequence[Sequence[Any]]) -> str:
    return held[-1][3] if held else "none"


def _covers(held: Sequence[Any], day: str | None) -> bool:
    first, last = held[0] or "", held[1] or "9999"
    return first <= (day or "") < last


def _stay(old: Stored, new: Stored) -> list[tuple[str, str]]:
    if old["employed"] == new["employed"]:
        return []
    before, after = _end(old), _end(new)
    if after is not None and after != before:
        return [(f"Last day: {_day(before)} → {_day(after)}", "What they did stays")]
    if before is not None and after is None:
        return [(f"Last day: {_day(before)} → none", "Works again")]
    first = [stay[0] for stay in new["employed"]][-1:]
    return [(f"First day: {_day(date.fromisoformat(first[0]) if first[0] else None)}", "")]


def _end(known: Stored) -> date | None:
    upper = known["employed"][-1][1] if known["employed"] else None
    return date.fromisoformat(upper) - DAY if upper else None


def _leave(old: Stored, new: Stored) -> list[tuple[str, str]]:
    added = [span for span in new["away"] if span not in old["away"]]
    dropped = [span for span in old["away"] if span not in new["away"]]
    if added:
        before = _range(dropped[-1]) if dropped else "none"
        return [(f"Leave: {before} → {_range(added[-1])}", "Not eligible meanwhile")]
    return [("Leave: taken back", "Eligible again")] if dropped else []


def _range(span: Sequence[str | None]) -> str:
    first = date.fromisoformat(span[0]) if span[0] else None
    last = date.fromisoformat(span[1]) - DAY if span[1] else None
    return f"{_day(first)} to {_day(last)}" if last else f"from {_day(first)}"


def _day(day: date | None) -> str:
    return short_date(day) if day else "none"


def _doubt(row: BatchChange, said: Stored, words: Words) -> tuple[str, str, str]:
    who = f"Row {row.line} · {said['name']}, {said['external_id'] or said['email']}"
    named = [words.people[pk][0] for pk in said["people"] if pk in words.people]
    if row.problem == Problem.UNKNOWN_DEPARTMENT:
        return who, f"Department “{said['path']}” is unknown", "Choose which one is meant"
    if row.problem == Problem.CONFLICTING_ROWS:
        what = "Another row of the file says something else of the same person"
        return who, what, "Choose the row that holds"
    what = f"{', '.join(said['taken'])} belongs to {' and '.join(named)}"
    return who, what, "Choose whom this row means"


def _choices(row: BatchChange, said: Stored, words: Words) -> list[tuple[str, str]]:
    if row.left_out:
        return []
    if row.problem == Problem.CONFLICTING_ROWS:
        return [("use", f"Row {row.line} holds")]
    if row.problem == Problem.UNKNOWN_DEPARTMENT:
        first = [words.alike[pk] for pk in said["departments"] if pk in words.alike]
        rest = [pair for pair in words.departments if pair not in first]
        make = ("make", f"Make “{said['path']}”")
        return [*first, make, *rest]
    people = [
        (words.people[pk][1], words.people[pk][0]) for pk in said["people"] if pk in words.people
    ]
    return [*people, *([("new", "Somebody new")] if said["new"] else [])]
