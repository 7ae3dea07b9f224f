"""The preview of a people file: look, settle, leave out, apply, discard, take back."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.batches import is_small, work_off
from organizations.actions.people_preview import apply_preview, choose, discard, leave_out
from organizations.actions.people_undo import undo
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.choices import ChangeKind
from organizations.calculations.jobs import BatchState
from organizations.calculations.preview import Choices
from organizations.errors import LastMileError
from organizations.forms.people_preview import AbsentForm, Act, RowForm, settled
from organizations.forms.telling import member_of
from organizations.models import BatchChange, ImportBatch
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.people_preview import (
    LEFT_OUT,
    change_lines,
    find_change,
    find_preview,
    line_of,
    preview_report,
)
from ui.tables import write_csv

HEADER = ("line", "kind", "person", "what_changes", "effect", "left_out")


def _clock() -> datetime:
    return datetime.now(UTC)


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


def _kind(request: MemberRequest) -> str:
    """The kind that the address asks for; anything else is all of them."""
    text = request.GET.get("kind", "")
    return LEFT_OUT if text == LEFT_OUT else (member_of(ChangeKind, text) or "")


@require_GET
@page("import_people")
def people_preview(request: MemberRequest, number: int) -> HttpResponse:
    """What the file changes; while it is computed or applied the page asks again by itself."""
    batch = find_preview(number=number)
    report = preview_report(
        batch=batch,
        organization=request.organization,
        kind=_kind(request),
        page=request.GET.get("page"),
    )
    context = {"report": report, "now": _clock(), "zone": ZoneInfo(request.organization.time_zone)}
    part = "#preview" if request.htmx else ""
    answer = render(request, f"organizations/people_preview.html{part}", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_GET
@page("import_people")
@fresh
def people_preview_export(request: MemberRequest, number: int) -> Any:
    """Every change of the preview as a file."""
    batch, kind = find_preview(number=number), _kind(request)
    lines = change_lines(batch=batch, organization=request.organization, kind=kind)
    rows = [
        (line.line or "", line.kind_words, line.who, line.what, line.effect, line.left_out)
        for line in lines
    ]
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=_actor(request),
            action="people.preview_exported",
            object_kind="import_batch",
            object_id=number,
            changes={"lines": len(rows)},
            now=_clock(),
        )
    return FileResponse(
        write_csv(rows, HEADER), as_attachment=True, filename=f"people-preview-{number}.csv"
    )


@require_POST
@page("import_people")
def people_preview_row(request: MemberRequest, number: int, row: int) -> HttpResponse:
    """Settle a conflict, leave one row out, or put it back."""
    batch = find_preview(number=number)
    stored = find_change(batch=batch, number=row)
    line = line_of(row=stored, batch=batch, organization=request.organization)
    form = RowForm(request.POST, choices=line.choices)
    if form.is_valid():
        _choose(request, batch, stored, form)
    else:
        messages.error(request, "Choose one of the list first. Nothing has changed.")
    return redirect("people_preview", number=number)


def _choose(request: MemberRequest, batch: ImportBatch, row: BatchChange, form: RowForm) -> None:
    act, value = form.cleaned_data["act"], form.cleaned_data["choice"]

    def change(choices: Choices) -> Choices:
        if act is Act.SETTLE:
            return settled(choices, row=row, value=value)
        return leave_out(choices, row=row, out=act is Act.LEAVE_OUT)

    try:
        choose(batch=batch, change=change, actor=_actor(request), clock=_clock)
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())


@require_POST
@page("import_people")
def people_preview_absent(request: MemberRequest, number: int) -> HttpResponse:
    """Say whether whoever is not in the file ends with it."""
    batch, form = find_preview(number=number), AbsentForm(request.POST)
    end = form.is_valid() and form.cleaned_data["end"]

    def change(choices: Choices) -> Choices:
        return Choices(**{**vars(choices), "end_absent": end})

    try:
        choose(batch=batch, change=change, actor=_actor(request), clock=_clock)
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    return redirect("people_preview", number=number)


@require_POST
@page("import_people")
def people_preview_apply(request: MemberRequest, number: int) -> HttpResponse:
    """Apply what the page shows, or propose it to a second administrator."""
    batch = find_preview(number=number)
    try:
        released = apply_preview(batch=batch, by=request.user, actor=_actor(request), now=_clock())
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        _tell(request, batch, released=released)
    return redirect("people_preview", number=number)


def _tell(request: MemberRequest, batch: ImportBatch, *, released: bool) -> None:
    """Work a small one off now, and say what became of it."""
    if not released:
        messages.info(request, "So many people end only when a second administrator agrees.")
        return
    if not is_small(batch=batch):
        return
    work_off(batch=batch, clock=_clock)
    batch.refresh_from_db()
    if batch.state == BatchState.PREVIEW:
        messages.warning(request, batch.warnings[0])
    elif batch.state == BatchState.DONE:
        messages.success(request, "Applied. Figures follow within a minute.")


@require_POST
@page("import_people")
def people_preview_discard(request: MemberRequest, number: int) -> HttpResponse:
    """Drop a preview."""
    batch = find_preview(number=number)
    try:
        discard(batch=batch, actor=_actor(request), now=_clock())
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
        return redirect("people_preview", number=number)
    messages.success(request, "The file is discarded. Nothing has changed.")
    return redirect("people_import")


@require_POST
@page("import_people")
def people_preview_undo(request: MemberRequest, number: int) -> HttpResponse:
    """Take an applied file back."""
    batch = find_preview(number=number)
    try:
        undo(batch=batch, actor=_actor(request), now=_clock())
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.success(request, "Taken back. Everybody is as before the file.")
    return redirect("people_preview", number=number)
