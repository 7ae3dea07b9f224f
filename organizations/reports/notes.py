"""Notes on an object, as its page and its chart tell them."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.urls import reverse

from organizations.calculations.matrix import ALLOWED
from organizations.models import ImportBatch, Note
from organizations.registry import Notable


@dataclass(frozen=True, kw_only=True)
class NoteLine:
    """One note; own says that the reader wrote it."""

    public_id: UUID
    day: date
    text: str
    author: str
    edited: bool
    own: bool


def notes_on(
    *, kind: str, object_id: str, user_id: int, first: date | None = None
) -> tuple[NoteLine, ...]:
    """Notes on an object of the organization in force, newest day first; from a day on."""
    notes = Note.objects.filter(object_kind=kind, object_id=object_id, removed_at=None)
    if first is not None:
        notes = notes.filter(day__gte=first)
    return tuple(
        NoteLine(
            public_id=note.public_id,
            day=note.day,
            text=note.text,
            author=note.author.name if note.author else "Somebody who left",
            edited=note.edited_at is not None,
            own=note.author_id == user_id,
        )
        for note in notes.select_related("author").order_by("-day", "-pk")
    )


def own_note(*, public_id: UUID, user_id: int) -> Note | None:
    """A note that this login wrote, removed or not; None for everybody else's."""
    return Note.objects.filter(public_id=public_id, author_id=user_id).first()


def _batch_title(*, object_id: str) -> str | None:
    number = int(object_id) if object_id.isdecimal() and len(object_id) < 10 else 0
    found = ImportBatch.objects.filter(number=number).exists()
    return f"Batch {number}" if found else None


def _batch_url(*, object_id: str) -> str:
    return reverse("batch", args=[int(object_id)])


def _sees_batches(*, member: Any, object_id: str) -> bool:
    return bool(member.roles & ALLOWED["see_data"])


BATCHES = Notable(kind="batch", title=_batch_title, url=_batch_url, may_see=_sees_batches)
