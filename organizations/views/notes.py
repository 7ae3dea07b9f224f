"""Write, change, remove and bring back notes; they are read on the page of what they are about."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from organizations.actions.notes import edit_note, remove_note, restore_note, write_note
from organizations.forms.notes import NoteForm
from organizations.models import Note
from organizations.permissions import MemberRequest, page
from organizations.registry import Notable, notables
from organizations.reports.notes import own_note


@require_http_methods(["GET", "POST"])
@page("write_notes")
def note_new(request: MemberRequest, kind: str, object_id: str) -> HttpResponse:
    """Write a note on what one may see."""
    about = _about(request, kind, object_id)
    now = datetime.now(UTC)
    form = NoteForm(request.POST or None, initial={"day": now.date()})
    if request.method == "POST" and form.is_valid():
        write_note(
            organization=request.organization,
            kind=kind,
            object_id=object_id,
            day=form.cleaned_data["day"],
            text=form.cleaned_data["text"],
            author=request.user,
            now=now,
        )
        messages.success(request, "The note is written.")
        return redirect(about.url(object_id=object_id))
    context = {
        "form": form,
        "title": about.title(object_id=object_id),
        "back": about.url(object_id=object_id),
    }
    return render(request, "organizations/notes_edit.html", context)


@require_http_methods(["GET", "POST"])
@page("write_notes")
def note_edit(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Change or remove one's own note."""
    note = _own(request, public_id)
    about = _about(request, note.object_kind, note.object_id)
    form = NoteForm(request.POST or None, initial={"day": note.day, "text": note.text})
    if request.method == "POST" and form.is_valid():
        edit_note(note=note, **form.cleaned_data, now=datetime.now(UTC))
        messages.success(request, "The note is changed.")
        return redirect(about.url(object_id=note.object_id))
    context = {
        "form": form,
        "note": note,
        "title": about.title(object_id=note.object_id),
        "back": about.url(object_id=note.object_id),
    }
    return render(request, "organizations/notes_edit.html", context)


@require_POST
@page("write_notes")
def note_remove(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Take one's own note away; the next page offers to bring it back."""
    note = _own(request, public_id)
    about = _about(request, note.object_kind, note.object_id)
    remove_note(note=note, now=datetime.now(UTC))
    context = {"note": note, "back": about.url(object_id=note.object_id)}
    return render(request, "organizations/notes_removed.html", context)


@require_POST
@page("write_notes")
def note_restore(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Bring one's own note back."""
    note = _own(request, public_id)
    about = _about(request, note.object_kind, note.object_id)
    restore_note(note=note, now=datetime.now(UTC))
    messages.success(request, "The note is back.")
    return redirect(about.url(object_id=note.object_id))


def _own(request: MemberRequest, public_id: UUID) -> Note:
    note = own_note(public_id=public_id, user_id=request.user.pk)
    if note is None:
        raise Http404
    return note


def _about(request: MemberRequest, kind: str, object_id: str) -> Notable:
    """The kind of what the note is on, if it is there and the member finds it."""
    about = notables.get(kind)
    if about is None or about.title(object_id=object_id) is None:
        raise Http404
    if not about.may_see(member=request.member, object_id=object_id):
        raise Http404
    return about
