"""Usage by hand: the same road as the API."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from adoption.actions.admission import Door
from adoption.forms import UsageUploadForm
from adoption.reports.initiatives import load_offer
from adoption.sources.catalogue import SOURCES
from organizations.actions.batches import NewBatch, Received, receive, work_off
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind
from organizations.errors import LastMileError
from organizations.permissions import MemberRequest, page

BLOCK = 1024 * 1024


@require_http_methods(["GET", "POST"])
@page("import_usage")
def usage_upload(request: MemberRequest) -> HttpResponse:
    """Choose a source and a file; the batch page tells what became of its rows."""
    form = UsageUploadForm(
        request.POST or None,
        request.FILES or None,
        initiatives=[(each.key, each.name) for each in load_offer(initiative_key=None).choices],
        time_zone=request.organization.time_zone,
    )
    if request.method == "POST" and form.is_valid():
        try:
            received = _receive(request, form)
        except LastMileError as refused:
            form.add_error("file", f"{refused.message} {refused.remedy}".strip())
        else:
            _tell(request, received)
            return redirect("batch", number=received.batch.number)
    context = {"form": form, "sources": SOURCES.values()}
    return render(request, "adoption/usage_upload.html", context, status=_status(form))


def _receive(request: MemberRequest, form: UsageUploadForm) -> Received:
    values: dict[str, Any] = form.cleaned_data
    source = SOURCES[values["source"]]
    now = datetime.now(UTC)
    door = Door(
        organization=request.organization,
        source=source,
        initiative=values["initiative"],
        content_type=form.content_type,
        as_of=values["as_of"],
        api_key=None,
        now=now,
    )
    new = NewBatch(
        organization_id=request.organization.pk,
        kind=BatchKind.USAGE,
        source=source.name,
        source_version=source.version,
        content_type=door.kept_as,
        actor=Actor(kind="user", id=request.user.pk),
        initiative=values["initiative"],
        as_of=values["as_of"],
        user=request.user,
        filename=values["file"].name,
    )
    blocks = door.admitted(values["file"].chunks(BLOCK))
    received = receive(new=new, blocks=blocks, now=now)
    if received.small and not received.replayed:
        work_off(batch=received.batch, clock=lambda: datetime.now(UTC))
    return received


def _tell(request: Any, received: Received) -> None:
    number = received.batch.number
    if received.replayed:
        messages.info(request, f"This file had come before, as batch {number}. Nothing changed.")
    else:
        messages.success(request, f"The file is kept as batch {number}.")


def _status(form: UsageUploadForm) -> int:
    return 422 if form.is_bound and form.errors else 200
