"""The decision queue: what waits, and who does it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.queue import close_by_hand, delegate, put_back, take
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.queue import CloseForm, DelegateForm, queue_filter
from organizations.forms.telling import tell
from organizations.models import QueueItem
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.queue import (
    HEADER,
    Reader,
    delegates_for,
    item_for,
    line_of,
    local_today,
    queue_report,
    queue_rows,
)
from ui.tables import write_csv


@require_GET
@page("see_queue")
def queue(request: MemberRequest) -> HttpResponse:
    """Everything that waits for the member, overdue first."""
    now = datetime.now(UTC)
    only = queue_filter(request.GET)
    report = queue_report(reader=_reader(request, now), only=only, page=request.GET.get("page"))
    context = {"report": report, "only": only.value if only else "", "now": now}
    return render(request, "organizations/queue.html", context)


@require_GET
@page("see_queue")
@fresh
def queue_export(request: MemberRequest) -> Any:
    """The queue as a file, under the filter of its address."""
    now = datetime.now(UTC)
    rows = list(queue_rows(reader=_reader(request, now), only=queue_filter(request.GET)))
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=_actor(request),
            action="queue.exported",
            object_kind="queue_item",
            object_id="list",
            changes={"lines": len(rows)},
            now=now,
        )
    return FileResponse(write_csv(rows, HEADER), as_attachment=True, filename="decisions.csv")


@require_http_methods(["GET", "POST"])
@page("see_queue")
def queue_delegate(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Choose who does it instead."""
    now = datetime.now(UTC)
    reader = _reader(request, now)
    item = _found(reader, public_id)
    line = line_of(item=item, reader=reader)
    if not line.may_delegate:
        raise Http404
    choices = delegates_for(item=item, today=reader.today)
    form = DelegateForm(request.POST or None, choices=choices)
    if request.method == "POST" and form.is_valid() and _delegate(request, form, item, now):
        return redirect("queue")
    context = {"form": form, "line": line, "choices": choices.exists(), "now": now}
    return render(request, "organizations/queue_delegate.html", context)


def _delegate(request: MemberRequest, form: DelegateForm, item: QueueItem, now: datetime) -> bool:
    to = form.cleaned_data["to"]
    try:
        delegate(item=item, to=to, actor=_actor(request), now=now)
    except LastMileError as refusal:
        tell(form, refusal)
        return False
    messages.success(request, f"{to.name} finds it in the queue now. It stays yours to take back.")
    return True


@require_POST
@page("see_queue")
def queue_take_back(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Take a delegated item back, or hand back what was delegated to oneself."""
    now = datetime.now(UTC)
    item = _found(_reader(request, now), public_id)
    delegate(item=item, to=None, actor=_actor(request), now=now)
    messages.success(request, "Nobody does it instead any more.")
    return redirect("queue")


@require_POST
@page("see_queue")
def queue_take(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Do what waits for the whole role oneself."""
    now = datetime.now(UTC)
    reader = _reader(request, now)
    item = _found(reader, public_id)
    if not line_of(item=item, reader=reader).takes:
        raise Http404
    take(item=item, by=request.user, now=now)
    messages.success(request, "It is yours. The others of your role leave it alone.")
    return redirect("queue")


@require_POST
@page("see_queue")
def queue_put_back(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Let it wait for the whole role again."""
    now = datetime.now(UTC)
    put_back(item=_found(_reader(request, now), public_id), by=request.user, now=now)
    messages.success(request, "It waits for everybody of the role again.")
    return redirect("queue")


@require_http_methods(["GET", "POST"])
@page("see_queue")
def queue_close(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Close an item without doing it, with a reason, where its kind allows that."""
    now = datetime.now(UTC)
    reader = _reader(request, now)
    item = _found(reader, public_id)
    line = line_of(item=item, reader=reader)
    if not line.may_close:
        raise Http404
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        close_by_hand(item=item, by=request.user, reason=form.cleaned_data["reason"], now=now)
        messages.success(request, "Closed. Your reason stands in the list of what is done.")
        return redirect("queue")
    return render(request, "organizations/queue_close.html", {"form": form, "line": line})


def _reader(request: MemberRequest, now: datetime) -> Reader:
    return Reader(
        user_id=request.user.pk,
        roles=request.member.roles,
        today=local_today(time_zone=request.organization.time_zone, now=now),
    )


def _found(reader: Reader, public_id: UUID) -> QueueItem:
    item = item_for(reader=reader, public_id=public_id)
    if item is None:
        raise Http404
    return item


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)
