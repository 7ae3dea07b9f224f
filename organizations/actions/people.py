"""Read and write people with all that is effective-dated about them, many at a time."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import F

from organizations import scope
from organizations.calculations.identities import Holders
from organizations.calculations.people import Alias, Known, Statement, search_key
from organizations.calculations.spans import Held, Span
from organizations.models import (
    Employment,
    Leave,
    Person,
    PersonAlias,
    PersonDepartment,
    PersonRole,
    TenantModel,
)

ROWS_PER_INSERT = 5_000
_FIELDS = ["external_id", "name", "email", "search_key"]
Histories: TypeAlias = dict[int, list[Held]]

_LINK_USERS = """
UPDATE organizations_person p
   SET user_id = u.id
  FROM organizations_user u
 WHERE p.organization_id = %(org)s AND p.user_id IS NULL AND lower(u.email) = p.email
   AND EXISTS (SELECT 1 FROM organizations_membership m
                WHERE m.organization_id = %(org)s AND m.user_id = u.id)
   AND NOT EXISTS (SELECT 1 FROM organizations_person o
                    WHERE o.organization_id = %(org)s AND o.user_id = u.id)
"""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A person before and after; `person_id` and `old` are None for somebody new."""

    person_id: int | None
    old: Known | None
    new: Known


@dataclass(frozen=True)
class _Table:
    """One of the four span tables: which column says what held, and where `Known` keeps it."""

    model: type[Any]
    column: str | None
    held: Callable[[Known], tuple[Held, ...]]


def _plain(spans: Iterable[Span]) -> tuple[Held, ...]:
    return tuple((span, 0) for span in spans)


_EMPLOYMENT = _Table(Employment, None, lambda known: _plain(known.employed))
_LEAVE = _Table(Leave, None, lambda known: _plain(known.away))
_DEPARTMENT = _Table(PersonDepartment, "department_id", lambda known: known.departments)
_ROLE = _Table(PersonRole, "job_role_id", lambda known: known.roles)
_TABLES = (_EMPLOYMENT, _LEAVE, _DEPARTMENT, _ROLE)


def load_holders(*, said: Sequence[Statement]) -> Holders:
    """Who holds the external ids and the names of these rows today."""
    names = {name for row in said for name in row.aliases}
    ids = {row.external_id for row in said} | {row.email for row in said if not row.external_id}
    # Two plain lists, and what they find beside the pairs is dropped here: a join with the pairs is
    # planned as a loop over the whole table while the database has not yet counted a new directory.
    found = PersonAlias.objects.filter(
        kind__in={kind for kind, _ in names}, value__in={value for _, value in names}
    )
    aliases = {
        (kind, value): person_id
        for kind, value, person_id in found.values_list("kind", "value", "person_id")
        if (kind, value) in names
    }
    persons = Person.objects.filter(pk__in=set(aliases.values()), external_id=F("email"))
    external = Person.objects.filter(external_id__in=ids)
    return Holders(
        external_ids=dict(external.values_list("external_id", "pk")),
        aliases=aliases,
        provisional=frozenset(persons.values_list("pk", flat=True)),
    )


def load_people(*, person_ids: Sequence[int]) -> dict[int, Known]:
    """What is stored of these people, in five queries."""
    aliases: dict[int, set[Alias]] = defaultdict(set)
    rows = PersonAlias.objects.filter(person_id__in=person_ids)
    for person_id, kind, value in rows.values_list("person_id", "kind", "value"):
        aliases[person_id].add((kind, value))
    employed, away, departments, roles = (_load(table, person_ids) for table in _TABLES)
    persons = Person.objects.filter(pk__in=person_ids)
    return {
        pk: Known(
            external_id=external_id,
            name=name,
            email=email,
            aliases=frozenset(aliases[pk]),
            employed=tuple(span for span, _ in employed[pk]),
            away=tuple(span for span, _ in away[pk]),
            departments=tuple(departments[pk]),
            roles=tuple(roles[pk]),
        )
        for pk, external_id, name, email in persons.values_list(
            "pk", "external_id", "name", "email"
        )
    }


def _load(table: _Table, person_ids: Sequence[int]) -> Histories:
    columns = ("person_id", "span", *([table.column] if table.column else []))
    held: Histories = defaultdict(list)
    rows = table.model.objects.filter(person_id__in=person_ids).order_by("span")
    for person_id, span, *value in rows.values_list(*columns):
        held[person_id].append((Span(span.lower, span.upper), value[0] if value else 0))
    return held


def store_people(*, changes: Sequence[Change]) -> list[tuple[int, Change]]:
    """Write what differs. Returns the changes with the ids of their people."""
    new = [change for change in changes if change.person_id is None]
    made = Person.objects.bulk_create(
        (_person(change.new) for change in new), batch_size=ROWS_PER_INSERT
    )
    stored = [
        *((person.pk, change) for person, change in zip(made, new, strict=True)),
        *((change.person_id, change) for change in changes if change.person_id is not None),
    ]
    _rewrite_fields(stored)
    _copy(
        PersonAlias,
        ["person_id", "kind", "value"],
        (
            (pk, kind, value)
            for pk, change in stored
            for kind, value in sorted(
                change.new.aliases - (change.old.aliases if change.old else frozenset())
            )
        ),
    )
    for table in _TABLES:
        _store_spans(table, stored)
    return stored


def _person(known: Known, **more: Any) -> Person:
    return Person(
        external_id=known.external_id,
        name=known.name,
        email=known.email,
        search_key=search_key(name=known.name, email=known.email),
        **more,
    )


def _rewrite_fields(stored: Sequence[tuple[int, Change]]) -> None:
    renamed = [
        _person(change.new, pk=pk)
        for pk, change in stored
        if change.old is not None and _own_fields(change.old) != _own_fields(change.new)
    ]
    Person.objects.bulk_update(renamed, _FIELDS, batch_size=1_000)


def _own_fields(known: Known) -> tuple[str, str, str]:
    return known.external_id, known.name, known.email


def _store_spans(table: _Table, stored: Sequence[tuple[int, Change]]) -> None:
    """Delete spans that no longer hold before adding new ones: two of one person never overlap."""
    gone: dict[int, set[Span]] = {}
    added: list[tuple[int, Held]] = []
    for pk, change in stored:
        before = set(table.held(change.old)) if change.old else set()
        after = set(table.held(change.new))
        if before - after:
            gone[pk] = {span for span, _ in before - after}
        added += [(pk, held) for held in sorted(after - before, key=lambda pair: pair[0].first)]
    if gone:
        _delete_spans(table, gone)
    columns = ["person_id", "span", *([table.column] if table.column else [])]
    _copy(
        table.model,
        columns,
        ((pk, _range(span), value)[: len(columns)] for pk, (span, value) in added),
    )


def _range(span: Span) -> str:
    return f"[{span.lower or ''},{span.upper or ''})"


def _copy(model: type[TenantModel], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add leaf rows of the organization in force: with COPY a third of the time of objects."""
    own = scope.current()
    buffer = StringIO()
    csv.writer(buffer).writerows((own, *row) for row in rows)
    if not buffer.tell():
        return
    buffer.seek(0)
    names = ", ".join(["organization_id", *columns])
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {model._meta.db_table} ({names}) FROM STDIN (FORMAT csv)", buffer)


def _delete_spans(table: _Table, gone: Mapping[int, set[Span]]) -> None:
    rows = table.model.objects.filter(person_id__in=gone)
    ids = [
        pk
        for pk, person_id, span in rows.values_list("pk", "person_id", "span")
        if Span(span.lower, span.upper) in gone[person_id]
    ]
    table.model.objects.filter(pk__in=ids).delete()


def link_users(*, organization_id: int) -> int:
    """Tie people to the members who sign in with the same address. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_LINK_USERS, {"org": organization_id})
        return int(cursor.rowcount)
