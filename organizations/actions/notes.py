"""Dated notes on what others look at: their author changes, removes and brings them back."""

from datetime import date, datetime

from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import NotFound
from organizations.models import Note, Organization, User
from organizations.registry import notables


@transaction.atomic
def write_note(
    *,
    organization: Organization,
    kind: str,
    object_id: str,
    day: date,
    text: str,
    author: User,
    now: datetime,
) -> Note:
    """Write a note on a day. Runs inside the organization. Raises NotFound for no such object."""
    if kind not in notables or notables[kind].title(object_id=object_id) is None:
        raise NotFound("There is nothing here to write a note on.")
    note = Note.objects.create(
        organization=organization,
        object_kind=kind,
        object_id=object_id,
        day=day,
        text=text,
        author=author,
    )
    _record(note, "note.written", now, ["day", "text"])
    return note


@transaction.atomic
def edit_note(*, note: Note, day: date, text: str, now: datetime) -> None:
    """Change one's own note. Raises NotFound once it is removed."""
    changed = [name for name, new in (("day", day), ("text", text)) if getattr(note, name) != new]
    stored = Note.objects.filter(pk=note.pk, removed_at=None)
    if not stored.update(day=day, text=text, edited_at=now):
        raise NotFound("This note is removed.")
    _record(note, "note.changed", now, changed)


@transaction.atomic
def remove_note(*, note: Note, now: datetime) -> None:
    """Take one's own note away; it can be brought back. Removing twice changes nothing."""
    if Note.objects.filter(pk=note.pk, removed_at=None).update(removed_at=now):
        _record(note, "note.removed", now, [])


@transaction.atomic
def restore_note(*, note: Note, now: datetime) -> None:
    """Bring one's own note back."""
    if Note.objects.filter(pk=note.pk, removed_at__isnull=False).update(removed_at=None):
        _record(note, "note.restored", now, [])


def _record(note: Note, action: str, now: datetime, fields: list[str]) -> None:
    record(
        organization_id=note.organization_id,
        actor=Actor(kind="user", id=note.author_id),
        action=action,
        object_kind="note",
        object_id=note.public_id,
        changes={"on": [note.object_kind, note.object_id], "fields": fields},
        now=now,
    )
