"""The file of everything: ask for it, watch it, fetch it, delete it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.exports import ask_export, discard, fetch
from organizations.calculations.actor import Actor
from organizations.models import ExportRun
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.export_runs import run_line


@require_POST
@page("export_everything")
@fresh
def export_ask(request: MemberRequest) -> HttpResponse:
    """Have the file written by a worker."""
    run = ask_export(
        organization_id=request.organization.pk, by=request.user, now=datetime.now(UTC)
    )
    return redirect("export_run", public_id=run.public_id)


@require_GET
@page("export_everything")
def export_run(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """How far it is; while it is written the page asks for this part again every two seconds."""
    run = get_object_or_404(ExportRun.objects.select_related("asked_by"), public_id=public_id)
    part = "#outcome" if request.htmx else ""
    context = {"line": run_line(run), "now": datetime.now(UTC)}
    answer = render(request, f"organizations/export.html{part}", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@never_cache
@require_GET
@page("export_everything")
@fresh
def export_file(request: MemberRequest, public_id: UUID) -> Any:
    """The file, as an attachment; each fetch is in the trail."""
    run = get_object_or_404(ExportRun.objects.all(), public_id=public_id)
    path = fetch(run=run, by=request.user, now=datetime.now(UTC))
    day = run.asked_at.date().isoformat()
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"{request.organization.slug}-{day}.zip",
        content_type="application/zip",
    )


@require_POST
@page("export_everything")
@fresh
def export_delete(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Delete the file before its time."""
    run = get_object_or_404(ExportRun.objects.all(), public_id=public_id)
    discard(run=run, actor=Actor(kind="user", id=request.user.pk), now=datetime.now(UTC))
    messages.success(request, "The data file is deleted.")
    return redirect("settings_leave")
