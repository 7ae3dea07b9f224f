"""What a people file comes to: who a row means and what it changes. Nothing is written here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from organizations.actions.batches import body_of
from organizations.actions.erasure import suppressed_of
from organizations.actions.people import load_holders, load_people
from organizations.actions.places import Places, find_places
from organizations.actions.rows import Tally
from organizations.calculations.choices import ChangeKind
from organizations.calculations.erasing import EXTERNAL_ID
from organizations.calculations.identities import Doubt, Holders, Identified, Key, identify
from organizations.calculations.people import EMAIL, Alias, Known, Statement, aliases_of, told
from organizations.calculations.preview import (
    Choices,
    Entry,
    alike,
    candidates,
    fingerprint,
    meant,
)
from organizations.calculations.spans import SpanError, ended
from organizations.models import Employment, ImportBatch, Organization, Person
from organizations.sources.directory import PersonRow, parse_people
from organizations.sources.reading import Code, RowError

PEOPLE_PER_PIECE = 10_000
NOT_READ = (
    "eligible_from and eligible_to are not read from people; send rules to eligibility instead."
)
REFUSALS = {
    Code.ALIAS_TAKEN: (
        "The address or an alias belongs to another person; correct it here or there."
    ),
    Code.CONFLICTING_ROWS: (
        "Rows of this file contradict each other about a person; keep the right one."
    ),
    Code.UNKNOWN_DEPARTMENT: "Its department does not exist; nobody said which one is meant.",
    Code.LEFT_OUT: "A member left this row out in the preview.",
}
_DOUBTS = {Doubt.TAKEN: Code.ALIAS_TAKEN, Doubt.CONTRADICTION: Code.CONFLICTING_ROWS}
Heard = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a file comes to. counts: rows by what becomes of them, and people by kind."""

    entries: Sequence[Entry]
    places: Places
    tally: Tally
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Digest of everything that carrying the plan out would write."""
        return fingerprint(self.entries, self.places.names)


@dataclass
class _Reading:
    """What is known while one file is planned."""

    batch: ImportBatch
    choices: Choices
    places: Places
    holders: Holders
    tally: Tally
    entries: list[Entry] = field(default_factory=list)
    unchanged: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)

    def refuse(self, row: Statement, code: Code) -> None:
        name = "department" if code is Code.UNKNOWN_DEPARTMENT else "email"
        self.tally.refuse(RowError(row.line, name, code, REFUSALS[code]))


def make_plan(
    *,
    batch: ImportBatch,
    organization: Organization,
    preview: bool,
    choices: Choices,
    heard: Heard | None = None,
) -> Plan:
    """Read a kept body and say what it changes. Raises EnvelopeError.

    Without `preview` rows hold as they are: doubtful ones are refused, departments are made, and
    nobody is looked for who is not in the file. heard(lines) is told how far the reading is.
    """
    zone, tally = ZoneInfo(organization.time_zone), Tally()
    rows = read_rows(batch, tally, heard)
    places = find_places(
        departments={row.department for row in rows if row.department},
        roles={row.job_role for row in rows if row.job_role},
    )
    said = _statements(rows, places, zone, batch.as_of)
    said = _without_erased(said, tally)
    reading = _Reading(batch, choices, places, load_holders(said=said), tally)
    left = [row for row in said if row.line in choices.left_out]
    kept = [row for row in said if row.line not in choices.left_out]
    if preview:
        kept = _settled(reading, kept)
    _take(reading, _identified(reading, kept), left_out=False)
    _take(reading, identify(said=left, holders=reading.holders), left_out=True)
    for row in left:
        reading.refuse(row, Code.LEFT_OUT)
    reading.entries.sort(key=lambda entry: entry.lines)
    counts: dict[str, int] = {}
    if preview:
        counts = _look_for_absent(reading, batch.as_of.astimezone(zone).date())
    return Plan(entries=reading.entries, places=places, tally=tally, counts=counts)


def read_rows(batch: ImportBatch, tally: Tally, heard: Heard | None) -> list[PersonRow]:
    """The good rows of a body; the others are in the tally."""
    rows: list[PersonRow] = []
    for piece in parse_people(body_of(batch=batch), content_type=batch.content_type):
        rows += tally.read(piece)
        if heard is not None:
            heard(tally.lines)
    if any(row.eligible_from or row.eligible_to for row in rows):
        tally.warnings.append(NOT_READ)
    return rows


def _statements(
    rows: Sequence[PersonRow], places: Places, zone: ZoneInfo, as_of: datetime
) -> list[Statement]:
    return [
        Statement(
            line=row.line,
            day=(row.as_of or as_of).astimezone(zone).date(),
            external_id=row.external_id,
            name=row.name,
            email=row.email,
            aliases=aliases_of(email=row.email, written=row.aliases),
            department_id=places.departments.get(row.department),
            job_role_id=places.roles.get(row.job_role),
            start=row.start,
            end=row.end,
            leave_from=row.leave_from,
            leave_to=row.leave_to,
        )
        for row in rows
    ]


def _without_erased(said: Sequence[Statement], tally: Tally) -> list[Statement]:
    """Rows without those that would bring somebody back who was erased."""
    gone = suppressed_of(names={name for row in said for name in _names(row)})
    for row in said:
        if gone.intersection(_names(row)):
            message = "It names somebody who was erased on request; take the row out."
            tally.refuse(RowError(row.line, "email", Code.ERASED, message))
    return [row for row in said if not gone.intersection(_names(row))]


def _names(row: Statement) -> set[Alias]:
    own = {(EXTERNAL_ID, row.external_id)} if row.external_id else set()
    return {(EMAIL, row.email), *row.aliases, *own}


def _settled(reading: _Reading, rows: Sequence[Statement]) -> list[Statement]:
    """Rows with what a member chose; those whose department is doubtful become conflicts."""
    chosen = {pk for pk in reading.choices.people.values() if pk is not None}
    emails = dict(Person.objects.filter(pk__in=chosen).values_list("pk", "email"))
    doubts = _doubtful_departments(reading)
    kept = []
    for row in rows:
        path = reading.places.new.get(row.department_id or 0)
        if path in doubts:
            _conflict(reading, row, Code.UNKNOWN_DEPARTMENT, path=path, departments=doubts[path])
            continue
        if path is not None and reading.choices.departments.get(path) is not None:
            row = replace(row, department_id=reading.choices.departments[path])
        if row.line in reading.choices.people:
            person_id = reading.choices.people[row.line]
            row = meant(
                row,
                person_id=person_id,
                email=emails.get(person_id or 0),
                holders=reading.holders,
            )
        kept.append(row)
    return kept


def _doubtful_departments(reading: _Reading) -> dict[str, list[int]]:
    """New departments that look like stored ones, with those, unless a member has chosen."""
    stored = reading.places.stored
    found = {
        path: [stored[key] for key in alike(path, stored)]
        for path in reading.places.new.values()
        if path not in reading.choices.departments
    }
    return {path: ids for path, ids in found.items() if ids}


def _identified(reading: _Reading, rows: Sequence[Statement]) -> Identified:
    """Rows by person; where a member chose one of several contradicting rows it goes alone."""
    found = identify(said=rows, holders=reading.holders)
    doubtful = {row.line for row, _ in found.doubts}
    if not doubtful & reading.choices.used:
        return found
    given_up = doubtful - reading.choices.used
    again = identify(
        said=[row for row in rows if row.line not in given_up], holders=reading.holders
    )
    rest = [(row, doubt) for row, doubt in found.doubts if row.line in given_up]
    return Identified(people=again.people, doubts=[*again.doubts, *rest])


def _take(reading: _Reading, found: Identified, *, left_out: bool) -> None:
    for row, doubt in found.doubts:
        if left_out:
            _note(reading, row, _DOUBTS[doubt], left_out=True)
        else:
            _conflict(reading, row, _DOUBTS[doubt])
    people = list(found.people.items())
    for first in range(0, len(people), PEOPLE_PER_PIECE):
        piece = people[first : first + PEOPLE_PER_PIECE]
        stored = load_people(person_ids=[key for key, _ in piece if isinstance(key, int)])
        for key, rows in piece:
            _compare(reading, key, rows, stored, left_out)


def _compare(
    reading: _Reading,
    key: Key,
    rows: Sequence[Statement],
    stored: Mapping[int, Known],
    left_out: bool,
) -> None:
    person_id = key if isinstance(key, int) else None
    old = stored[person_id] if person_id is not None else None
    tally = Tally() if left_out else reading.tally
    before = tally.rejected
    new = _told(old, rows, tally)
    refused = tally.rejected - before == len(rows)
    if person_id is not None and (left_out or refused):
        reading.doubtful.add(person_id)
    if new is None or (refused and not left_out):
        return
    if new == old and not left_out and person_id is not None:
        reading.unchanged.add(person_id)
        return
    reading.entries.append(
        Entry(
            kind=ChangeKind.NEW if old is None else ChangeKind.CHANGED,
            lines=tuple(sorted(row.line for row in rows)),
            person_id=person_id,
            old=old,
            new=new,
            left_out=left_out,
        )
    )


def _told(known: Known | None, rows: Sequence[Statement], tally: Tally) -> Known | None:
    for row in rows:
        try:
            after = told(known=known, said=row)
        except SpanError:
            tally.refuse(
                RowError(
                    row.line, "end", Code.BAD_PERIOD, "It lies before the start that is known."
                )
            )
            continue
        tally.accepted += known is None
        tally.revised += known is not None and after != known
        tally.duplicate += after == known
        known = after
    return known


def _conflict(reading: _Reading, row: Statement, code: Code, **more: Any) -> None:
    reading.refuse(row, code)
    _note(reading, row, code, left_out=False, **more)


def _note(reading: _Reading, row: Statement, code: Code, *, left_out: bool, **more: Any) -> None:
    """List a doubtful row. Whoever it may mean is in doubt and so not absent."""
    people, new = candidates(row, reading.holders)
    reading.doubtful.update(people)
    reading.entries.append(
        Entry(
            kind=ChangeKind.CONFLICT,
            lines=(row.line,),
            person_id=people[0] if len(people) == 1 else None,
            problem=code.value,
            row={
                "external_id": row.external_id,
                "name": row.name,
                "email": row.email,
                "taken": sorted(
                    f"{kind}:{value}" if kind != EMAIL else value
                    for kind, value in row.aliases
                    if (kind, value) in reading.holders.aliases
                ),
                "people": people,
                "new": new,
                **more,
            },
            left_out=left_out,
        )
    )


def _look_for_absent(reading: _Reading, today: date) -> dict[str, int]:
    """List who is here and not in the file, and count everything so that it adds up."""
    # Somebody with a refused row is not in doubt by name: nobody ends while a row cannot be read.
    may_end = reading.choices.end_absent and not _unread(reading)
    touched = {e.person_id for e in reading.entries if e.person_id is not None}
    mentioned = reading.unchanged | touched | reading.doubtful
    everybody = set(Person.objects.filter(erased_at=None).values_list("pk", flat=True))
    here = set(
        Employment.objects.filter(span__contains=today, person__erased_at=None).values_list(
            "person_id", flat=True
        )
    )
    absent = sorted(here - mentioned)
    sums = _sums(reading, everybody, here, absent)
    stored = load_people(person_ids=absent) if may_end else {}
    for person_id in absent:
        old = stored.get(person_id)
        new = old and replace(old, employed=ended(stored=old.employed, last_day=today))
        out = person_id in reading.choices.kept
        reading.entries.append(
            Entry(kind=ChangeKind.GONE, person_id=person_id, old=old, new=new, left_out=out)
        )
    ends = sum(entry.kind is ChangeKind.GONE and entry.takes_effect for entry in reading.entries)
    return sums | {"ended": ends}


def _unread(reading: _Reading) -> int:
    """Rows nobody can be told from: they were refused before their names were read."""
    named = {
        Code.LEFT_OUT,
        Code.ERASED,
        Code.BAD_PERIOD,
        *_DOUBTS.values(),
        Code.UNKNOWN_DEPARTMENT,
    }
    return sum(error.code not in named for error in reading.tally.errors)


def _sums(
    reading: _Reading, everybody: set[int], here: set[int], absent: Sequence[int]
) -> dict[str, int]:
    live = [entry for entry in reading.entries if not entry.left_out]
    kinds = {kind: [entry for entry in live if entry.kind is kind] for kind in ChangeKind}
    changed = {entry.person_id for entry in kinds[ChangeKind.CHANGED]}
    conflict_rows = len(kinds[ChangeKind.CONFLICT])
    left = sum(error.code is Code.LEFT_OUT for error in reading.tally.errors)
    tally = reading.tally
    rows = tally.accepted + tally.revised + tally.duplicate + tally.rejected
    new, changes = len(kinds[ChangeKind.NEW]), len(changed)
    refused = tally.rejected - conflict_rows - left
    unchanged = len(reading.unchanged)
    doubtful = reading.doubtful - reading.unchanged - changed
    return {
        "rows": rows,
        "unchanged": unchanged,
        "new": new,
        "changed": changes,
        "conflict": conflict_rows,
        "left_out": left,
        "refused": refused,
        "further": rows - unchanged - new - changes - conflict_rows - left - refused,
        "unread": _unread(reading),
        "gone": len(absent),
        "doubtful": len(doubtful),
        "here": len(here),
        "directory": len(everybody),
        "elsewhere": len(everybody) - unchanged - changes - len(doubtful) - len(absent),
        "moves": _differ(live, lambda known: known.departments),
        "leaves": _differ(live, lambda known: known.away),
    }


def _differ(entries: Sequence[Entry], of: Callable[[Known], object]) -> int:
    return sum(
        entry.old is not None
        and entry.new is not None
        and entry.kind is ChangeKind.CHANGED
        and of(entry.old) != of(entry.new)
        for entry in entries
    )
