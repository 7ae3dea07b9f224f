"""Say of many subjects who they are, from one file. Good rows count, each bad one says why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from organizations.actions.links import Said, store_links
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.subjects import NO_PERSON
from organizations.models import Person, PersonAlias, Subject
from organizations.sources.fields import identity
from organizations.sources.links import LinkRow, read_links
from organizations.sources.reading import Code, RowError, excerpt

Name = tuple[str, str, str, str]
AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class LinkedMany:
    """changed and same: subjects; left_open: rows without a person; errors: in order of lines."""

    changed: int
    same: int
    left_open: int
    errors: tuple[RowError, ...]
    warnings: tuple[str, ...]


@transaction.atomic
def load_links(
    *, organization_id: int, blocks: Iterable[bytes], actor: Actor, now: datetime
) -> LinkedMany:
    """Link the subjects of a file in one transaction. Raises EnvelopeError for the file."""
    file = read_links(blocks)
    subjects, people = _subjects(file.rows), _people(file.rows)
    said: dict[int, list[Said]] = defaultdict(list)
    errors = list(file.errors)
    for row in file.rows:
        found = _found(row, subjects, people, said)
        if isinstance(found, RowError):
            errors.append(found)
        else:
            said[found.subject.pk].append(found)
    changed = store_links(
        said=[each for several in said.values() for each in several], actor=actor, now=now
    )
    if changed:
        record(
            organization_id=organization_id,
            actor=actor,
            action="subjects.linked",
            object_kind="subject",
            object_id="file",
            changes={"subjects": changed, "rows": len(file.rows), "refused": len(errors)},
            now=now,
        )
    return LinkedMany(
        changed=changed,
        same=len(said) - changed,
        left_open=file.left_open,
        errors=tuple(sorted(errors, key=lambda error: error.line)),
        warnings=tuple(file.warnings),
    )


def _found(
    row: LinkRow,
    subjects: Mapping[Name, Subject],
    people: Mapping[str, Sequence[Person]],
    said: Mapping[int, Sequence[Said]],
) -> Said | RowError:
    subject = next((subjects[name] for name in _names(row) if name in subjects), None)
    if subject is None:
        return _refused(row, "subject", Code.BAD_SUBJECT, "No source has named such a subject.")
    if subject.kind in NO_PERSON:
        return _refused(
            row, "subject", Code.BAD_SUBJECT, "It is hidden by its source, or nobody at all."
        )
    known = people.get(row.person.casefold(), ())
    if len(known) != 1:
        return _refused(
            row,
            "person",
            Code.UNKNOWN_PERSON,
            "Nobody in the directory has exactly this address or id."
            if not known
            else "Two people answer to it; write the directory id of one.",
        )
    if any(each.span.overlaps(row.span) for each in said.get(subject.pk, ())):
        return _refused(
            row, "subject", Code.CONFLICTING_ROWS, "A line above speaks of the same days."
        )
    return Said(subject=subject, person=known[0], span=row.span)


def _refused(row: LinkRow, field: str, code: Code, message: str) -> RowError:
    value = row.person if field == "person" else f"{row.kind}:{row.external_id}"
    return RowError(row.line, field, code, message, excerpt(value))


def _names(row: LinkRow) -> list[Name]:
    """How the subject may be stored: as it is written, else as names are compared."""
    exact = (row.source, row.scope, row.kind, row.external_id)
    return [exact, (*exact[:3], identity(row.external_id))]


def _subjects(rows: Sequence[LinkRow]) -> Mapping[Name, Subject]:
    wanted = {name[3] for row in rows for name in _names(row)}
    return {
        (subject.source, subject.scope, subject.kind, subject.external_id): subject
        for some in _pieces(sorted(wanted))
        for subject in Subject.objects.filter(external_id__in=some)
    }


def _people(rows: Sequence[LinkRow]) -> Mapping[str, Sequence[Person]]:
    """People by folded address and by folded directory id, each once."""
    found: dict[str, dict[int, Person]] = defaultdict(dict)
    living = Person.objects.filter(erased_at=None)
    for some in _pieces(sorted({row.person for row in rows})):
        for person in living.filter(external_id__in=some):
            found[person.external_id.casefold()][person.pk] = person
        folded = [text.casefold() for text in some]
        aliases = PersonAlias.objects.filter(kind="email", value__in=folded, person__erased_at=None)
        for alias in aliases.select_related("person"):
            found[alias.value][alias.person_id] = alias.person
    return {text: tuple(people.values()) for text, people in found.items()}


def _pieces(texts: Sequence[str]) -> Iterable[Sequence[str]]:
    return (texts[first : first + AT_ONCE] for first in range(0, len(texts), AT_ONCE))
