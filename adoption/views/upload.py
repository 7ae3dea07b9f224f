"""Usage by hand: looked at first, then the same road as the API."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from adoption.actions.admission import Door
from adoption.actions.upload_preview import discard_looked_at, import_looked_at, look
from adoption.forms.upload import BY_FORM, UsageUploadForm
from adoption.reports.initiatives import load_offer
from adoption.reports.upload_preview import find_upload, known_keys
from adoption.sources.catalogue import SOURCES
from adoption.sources.looking import Look, look_at
from organizations.actions.batches import NewBatch, Received, is_small, receive, work_off
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.errors import LastMileError
from organizations.models import ImportBatch
from organizations.permissions import MemberRequest, page

BLOCK = 1024 * 1024
LOOK = "look"


def _clock() -> datetime:
    return datetime.now(UTC)


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


@require_http_methods(["GET", "POST"])
@page("import_usage")
def usage_upload(request: MemberRequest) -> HttpResponse:
    """Choose a source and a file, look at what would come of it, or import it at once."""
    form = UsageUploadForm(
        request.POST or None,
        request.FILES or None,
        initiatives=[(each.key, each.name) for each in load_offer(initiative_key=None).choices],
        time_zone=request.organization.time_zone,
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _taken(request, form)
        except LastMileError as refused:
            form.add_error("file", f"{refused.message} {refused.remedy}".strip())
    return _page(request, form)


def _page(request: MemberRequest, form: UsageUploadForm, found: Look | None = None) -> HttpResponse:
    context = {"form": form, "sources": BY_FORM, "look": found, "known": known_keys()}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "adoption/usage_upload.html", context, status=status)


def _taken(request: MemberRequest, form: UsageUploadForm) -> HttpResponse:
    """Look at the file or import it. Raises what reading it raises.

    Of a form that can carry what people typed nothing is kept for a look: it is read and forgotten.
    """
    door, looking = _door(request, form), request.POST.get("act") == LOOK
    if looking and door.source.holds_text:
        pieces = door.pieces(form.cleaned_data["file"].chunks(BLOCK))
        return _page(request, form, look_at(pieces, source=door.source))
    received = _receive(request, form, door, preview=looking)
    number = received.batch.number
    if looking:
        return redirect("usage_preview", number=number)
    if received.replayed:
        messages.info(request, f"This file had come before, as batch {number}. Nothing changed.")
    else:
        messages.success(request, f"The file is kept as batch {number}.")
        _work_off(received.batch, small=received.small)
    return redirect("batch", number=number)


def _door(request: MemberRequest, form: UsageUploadForm) -> Door:
    values: dict[str, Any] = form.cleaned_data
    return Door(
        organization=request.organization,
        source=SOURCES[values["source"]],
        initiative=values["initiative"],
        content_type=form.content_type,
        as_of=values["as_of"],
        api_key=None,
        now=_clock(),
    )


def _receive(
    request: MemberRequest, form: UsageUploadForm, door: Door, *, preview: bool
) -> Received:
    file = form.cleaned_data["file"]
    new = NewBatch(
        organization_id=request.organization.pk,
        kind=BatchKind.USAGE,
        source=door.source.name,
        source_version=door.source.version,
        content_type=door.kept_as,
        actor=_actor(request),
        initiative=door.initiative,
        as_of=door.as_of,
        user=request.user,
        filename=file.name,
        preview=preview,
    )
    return receive(new=new, blocks=door.admitted(file.chunks(BLOCK)), now=door.now)


def _work_off(batch: ImportBatch, *, small: bool) -> None:
    if small:
        work_off(batch=batch, clock=_clock)


@require_GET
@page("import_usage")
def usage_preview(request: MemberRequest, number: int) -> HttpResponse:
    """What would come of a kept file: its first facts, what is refused so far, and warnings."""
    batch = find_upload(number=number)
    if batch.state != BatchState.PREVIEW:
        return redirect("batch", number=number)
    context: dict[str, Any] = {"batch": batch, "source": SOURCES[batch.source]}
    try:
        context["look"] = look(batch=batch, organization=request.organization, now=_clock())
    except LastMileError as refusal:
        context["refusal"] = refusal
    context["known"] = known_keys()
    return render(request, "adoption/usage_preview.html", context)


@require_POST
@page("import_usage")
def usage_preview_import(request: MemberRequest, number: int) -> HttpResponse:
    """Import a file that was looked at."""
    batch = find_upload(number=number)
    try:
        import_looked_at(batch=batch, actor=_actor(request), now=_clock())
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        _work_off(batch, small=is_small(batch=batch))
    return redirect("batch", number=number)


@require_POST
@page("import_usage")
def usage_preview_discard(request: MemberRequest, number: int) -> HttpResponse:
    """Drop a file that was looked at."""
    batch = find_upload(number=number)
    try:
        discard_looked_at(batch=batch, actor=_actor(request), now=_clock())
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
        return redirect("batch", number=number)
    messages.success(request, "The file is discarded. Nothing has changed.")
    return redirect("usage_upload")
