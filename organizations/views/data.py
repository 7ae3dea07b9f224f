"""Data and import: the overview, the batches, and one batch with its row errors."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.batches import try_again
from organizations.actions.progress import cancel
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError, NotAllowed, NotFound
from organizations.forms.batches import batch_filter
from organizations.permissions import MemberRequest, page
from organizations.registry import batch_work
from organizations.reports.batches import (
    KIND_WORDS,
    STATE_WORDS,
    batch_report,
    batches_report,
    error_lines,
)
from organizations.reports.data import data_report, data_tabs, uploads
from ui.tables import write_csv

ERROR_HEADER = ("line", "field", "value", "code", "problem")


@require_GET
@page("see_data")
def data(request: MemberRequest) -> HttpResponse:
    """How far the data reaches, what needs a look, and a request to try."""
    now = datetime.now(UTC)
    site = request.build_absolute_uri("/").rstrip("/")
    report = data_report(organization=request.organization, site=site, now=now)
    context = {
        "report": report,
        "tabs": report.tabs,
        "uploads": [upload for upload in uploads() if request.member.may(upload.action)],
        "now": now,
    }
    return render(request, "organizations/data.html", context)


@require_GET
@page("see_data")
def batches(request: MemberRequest) -> HttpResponse:
    """Every import of the organization, newest first."""
    now = datetime.now(UTC)
    kind, state = batch_filter(request.GET)
    context = {
        "report": batches_report(kind=kind, state=state, page=request.GET.get("page")),
        "tabs": data_tabs(today=_today(request, now)),
        "kind": kind,
        "state": state,
        "kinds": KIND_WORDS,
        "states": STATE_WORDS,
        "now": now,
    }
    return render(request, "organizations/batches.html", context)


@require_GET
@page("see_data")
def batch(request: MemberRequest, number: int) -> HttpResponse:
    """One batch; while it is open the page asks for this part again every two seconds."""
    now = datetime.now(UTC)
    report = batch_report(
        number=number, page=request.GET.get("page"), code=request.GET.get("code", "")
    )
    part = "#outcome" if request.htmx else ""
    context = {
        "report": report,
        "tabs": data_tabs(today=_today(request, now)),
        "may_undo": bool(report.undo_action) and request.member.may(report.undo_action),
        "now": now,
    }
    answer = render(request, f"organizations/batch.html{part}", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_GET
@page("see_data")
def batch_errors(request: MemberRequest, number: int) -> Any:
    """Every row error of a batch as a file."""
    report = batch_report(number=number, page=1)
    return FileResponse(
        write_csv(error_lines(batch=report.batch), ERROR_HEADER),
        as_attachment=True,
        filename=f"batch-{number}-errors.csv",
    )


@require_POST
@page("see_data")
def batch_retry(request: MemberRequest, number: int) -> HttpResponse:
    """Give a dead batch its tries back."""
    report = batch_report(number=number, page=1)
    actor = Actor(kind="user", id=request.user.pk)
    if try_again(batch=report.batch, actor=actor, now=datetime.now(UTC)):
        messages.success(request, f"Batch {number} is being tried again.")
    else:
        messages.info(request, f"Batch {number} has nothing to try again.")
    return redirect("batch", number=number)


@require_POST
@page("see_data")
def batch_cancel(request: MemberRequest, number: int) -> HttpResponse:
    """Stop a batch that waits or is worked off; nothing of it remains."""
    batch = batch_report(number=number, page=1).batch
    actor = Actor(kind="user", id=request.user.pk)
    try:
        cancel(batch=batch, actor=actor, now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.success(request, f"Batch {number} is cancelled. Nothing of it is stored.")
    return redirect("batch", number=number)


@require_POST
@page("see_data")
def batch_undo(request: MemberRequest, number: int) -> HttpResponse:
    """Take a batch that is done back, for whoever may send such files."""
    batch = batch_report(number=number, page=1).batch
    work = batch_work[batch.kind]
    if work.undo is None:
        raise NotFound("Batches of this kind cannot be taken back.")
    if not request.member.may(work.action):
        raise NotAllowed("Your role does not include sending and taking back such files.")
    actor = Actor(kind="user", id=request.user.pk)
    try:
        work.undo(batch=batch, actor=actor, now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.success(request, f"Batch {number} is taken back.")
    return redirect("batch", number=number)


def _today(request: MemberRequest, now: datetime) -> date:
    return now.astimezone(ZoneInfo(request.organization.time_zone)).date()
