"""Take an applied people file back, as long as nobody has changed the same people since."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from organizations.actions.directory import store_changes
from organizations.actions.people import Change, load_people
from organizations.actions.rows import hold_directory
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ChangeKind
from organizations.calculations.jobs import BatchState
from organizations.calculations.people import Known
from organizations.calculations.preview import known_of
from organizations.calculations.spans import SINCE_ALWAYS, monday
from organizations.dirty import ask_refresh, mark_span
from organizations.errors import Conflict
from organizations.models import (
    BatchChange,
    ImportBatch,
    Organization,
    Person,
    PersonAlias,
    SubjectLink,
)
from organizations.registry import directory_changed, people_named


class CannotUndo(Conflict):
    """Something newer stands on what the file did."""

    code = "cannot_undo"


def undo(*, batch: ImportBatch, actor: Actor, now: datetime) -> int:
    """Restore every person as before the file, in one transaction. Returns how many.

    People the file brought are deleted again; departments it made stay. Raises CannotUndo.
    """
    with transaction.atomic():
        organization = hold_directory(organization_id=batch.organization_id)
        stored = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        rows = _applied(stored)
        _nothing_newer(rows)
        _delete(organization, [row for row in rows if row.kind == ChangeKind.NEW], now)
        _restore(organization, [row for row in rows if row.kind != ChangeKind.NEW], now)
        ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.UNDONE)
        record(
            organization_id=batch.organization_id,
            actor=actor,
            action="people.undone",
            object_kind="import_batch",
            object_id=batch.number,
            changes={"people": len(rows)},
            now=now,
        )
    return len(rows)


def _applied(batch: ImportBatch) -> list[BatchChange]:
    if batch.state != BatchState.DONE or "shown" not in batch.options:
        raise CannotUndo("This import cannot be taken back.")
    rows = BatchChange.objects.filter(batch=batch, left_out=False).exclude(after__known=None)
    return list(rows.order_by("number"))


def _nothing_newer(rows: Sequence[BatchChange]) -> None:
    """Refuse where a person is not as the file left them, or is named by hand somewhere."""
    ids = [row.person_id for row in rows if row.person_id is not None]
    now_stored = load_people(person_ids=ids)
    changed = [row for row in rows if now_stored.get(row.person_id or 0) != _after(row)]
    if changed:
        raise CannotUndo(
            f"{len(changed)} of these people have been changed since.",
            remedy="Correct what is wrong on the page of the person, or with a new file.",
        )
    made = [row.person_id for row in rows if row.kind == ChangeKind.NEW and row.person_id]
    named = set(
        SubjectLink.objects.filter(person_id__in=made, how="hand").values_list(
            "person_id", flat=True
        )
    )
    for find in people_named:
        named |= find(person_ids=made)
    if named:
        raise CannotUndo(
            f"{len(named)} of the people it brought are named elsewhere by now: in a rule, as an"
            " owner, or linked by hand.",
            remedy="Take those names out first, or end these people instead.",
        )


def _after(row: BatchChange) -> Known:
    return known_of((row.after or {})["known"])


def _delete(organization: Organization, rows: Sequence[BatchChange], now: datetime) -> None:
    """Delete people that only this file knew; facts of their subjects stay, unmatched."""
    ids = [row.person_id for row in rows if row.person_id is not None]
    if not ids:
        return
    for callback in directory_changed:
        callback(organization_id=organization.pk, person_ids=ids)
    mark_span(
        organization_id=organization.pk,
        person_ids=ids,
        from_week=monday(SINCE_ALWAYS),
        groups=True,
    )
    # The undone batch keeps its rows for the page; they must not keep the people.
    BatchChange.objects.filter(Q(person_id__in=ids)).update(person=None)
    Person.objects.filter(pk__in=ids).delete()
    ask_refresh(organization_id=organization.pk, now=now)


def _restore(organization: Organization, rows: Sequence[BatchChange], now: datetime) -> None:
    changes = [
        Change(
            person_id=row.person_id,
            old=_after(row),
            new=known_of(row.before),
        )
        for row in rows
        if row.before is not None
    ]
    for change in changes:
        if change.old is not None:
            _drop_aliases(change)
    store_changes(organization=organization, changes=changes, now=now)


def _drop_aliases(change: Change) -> None:
    """Names the file added; storing people only ever adds names."""
    added = change.old.aliases - change.new.aliases if change.old else frozenset()
    own = PersonAlias.objects.filter(person_id=change.person_id or 0)
    for kind, value in added:
        own.filter(kind=kind, value=value).delete()
