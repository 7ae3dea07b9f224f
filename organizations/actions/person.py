"""Change one person of the directory by hand: the same facts that a file states, audited alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from organizations.actions.directory import store_changes
from organizations.actions.people import Change, load_people
from organizations.actions.rows import hold_directory
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.people import Known
from organizations.calculations.spans import (
    SpanError,
    employment,
    moved,
    overwritten,
    restated,
    through,
)
from organizations.errors import Conflict, LastMileError
from organizations.models import Department, Person, PersonAlias


class BadDays(LastMileError):
    """The days that were given do not fit what is known."""

    code = "bad_period"


class AliasTaken(Conflict):
    code = "alias_taken"


def move_person(
    *,
    person: Person,
    department: Department,
    first: date,
    last: date | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Somebody works in a department from a day on, until the next change that is known.

    With a last day it is a correction of exactly these days. False where that was known already.
    Raises BadDays.
    """

    def change(known: Known) -> Known:
        held = (
            moved(held=known.departments, day=first, value=department.pk)
            if last is None
            else overwritten(held=known.departments, span=through(first, last), value=department.pk)
        )
        return replace(known, departments=held)

    return _change(person, change, "person.moved", ("department",), actor, now)


def set_leave(
    *, person: Person, first: date, last: date | None, actor: Actor, now: datetime
) -> bool:
    """Somebody is away; a leave that overlaps is corrected by it. Raises BadDays."""

    def change(known: Known) -> Known:
        return replace(known, away=restated(stored=known.away, stated=through(first, last)))

    return _change(person, change, "person.leave_set", ("leave",), actor, now)


def clear_leave(*, person: Person, first: date | None, actor: Actor, now: datetime) -> bool:
    """The leave that begins on this day was never taken. False where there is none."""

    def change(known: Known) -> Known:
        return replace(known, away=tuple(span for span in known.away if span.lower != first))

    return _change(person, change, "person.leave_cleared", ("leave",), actor, now)


def end_employment(*, person: Person, last_day: date, actor: Actor, now: datetime) -> bool:
    """The latest stay ends with this day; what was done until then counts. Raises BadDays."""

    def change(known: Known) -> Known:
        stays = employment(stored=known.employed, start=None, end=last_day)
        return replace(known, employed=stays)

    return _change(person, change, "person.ended", ("end",), actor, now)


def add_alias(*, person: Person, kind: str, value: str, actor: Actor, now: datetime) -> bool:
    """Another name by which sources know somebody. Raises AliasTaken."""
    holder = PersonAlias.objects.filter(kind=kind, value=value).exclude(person=person)
    if holder.exists():
        raise AliasTaken(
            "Somebody else has this name.",
            field="value",
            remedy="Look for it in the list of people, and correct it there first.",
        )

    def change(known: Known) -> Known:
        return replace(known, aliases=known.aliases | {(kind, value)})

    return _change(person, change, "person.alias_added", ("aliases",), actor, now)


def _change(
    person: Person,
    change: Callable[[Known], Known],
    action: str,
    fields: tuple[str, ...],
    actor: Actor,
    now: datetime,
) -> bool:
    with transaction.atomic():
        organization = hold_directory(organization_id=person.organization_id)
        old = load_people(person_ids=[person.pk])[person.pk]
        try:
            new = change(old)
        except SpanError as fault:
            raise BadDays(
                "The last day lies before the first one that is known.", field="last"
            ) from fault
        if new == old:
            return False
        store_changes(
            organization=organization,
            changes=[Change(person_id=person.pk, old=old, new=new)],
            now=now,
        )
        record(
            organization_id=person.organization_id,
            actor=actor,
            action=action,
            object_kind="person",
            object_id=person.public_id,
            changes={"fields": list(fields)},
            now=now,
        )
    return True
