"""Requests about people's data: the log, one request, and what administrators do with it."""

import uuid
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions import requests as act
from organizations.calculations.choices import RequestKind, RequestState
from organizations.errors import LastMileError
from organizations.forms.privacy import AnswerForm, RequestForm
from organizations.forms.telling import tell
from organizations.models import DataRequest
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports import requests as report
from ui.tables import write_csv


@require_GET
@page("see_requests")
def requests(request: MemberRequest) -> HttpResponse:
    """All requests, newest first."""
    shown = report.requests_page(
        only=request.GET.get("only", ""), number=request.GET.get("page"), today=_today(request)
    )
    context = {"report": shown, "may_handle": request.member.may("handle_requests")}
    return render(request, "organizations/requests.html", context)


@require_GET
@page("see_requests")
@fresh
def requests_export(request: MemberRequest) -> Any:
    """The log as CSV, by ids and without names."""
    rows = report.request_rows(only=request.GET.get("only", ""))
    file = write_csv(rows, report.HEADER)  # type: ignore[arg-type]
    return FileResponse(file, as_attachment=True, filename="requests.csv")


@require_http_methods(["GET", "POST"])
@page("handle_requests")
@fresh
def data_request_new(request: MemberRequest) -> HttpResponse:
    """Open a request for somebody who asked elsewhere."""
    form = RequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = act.open_request(
                person=form.cleaned_data["person"],
                kind=RequestKind(form.cleaned_data["kind"]),
                words=form.cleaned_data["words"],
                by=request.user,
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            return redirect("data_request", made.public_id)
    return render(request, "organizations/request_new.html", {"form": form})


@require_GET
@page("see_requests")
def data_request(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """One request, and what can be done with it."""
    return _show(request, _find(public_id), AnswerForm())


@require_POST
@page("handle_requests")
@fresh
def data_request_propose(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Put it before a second administrator."""
    asked = _find(public_id)
    try:
        act.propose_request(asked=asked, by=request.user, now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}")
    else:
        messages.success(request, "It waits for a second administrator to sign.")
    return redirect("data_request", public_id)


@require_POST
@page("handle_requests")
@fresh
def data_request_answer(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Close a correction as done, or decline a request, with words for the person."""
    asked, form = _find(public_id), AnswerForm(request.POST)
    if form.is_valid():
        state = RequestState.DONE if "done" in request.POST else RequestState.DECLINED
        try:
            act.answer_request(
                asked=asked,
                state=state,
                answer=form.cleaned_data["answer"],
                by=request.user,
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            return redirect("data_request", public_id)
    return _show(request, asked, form)


@require_POST
@page("handle_requests")
@fresh
def data_request_copy(request: MemberRequest, public_id: uuid.UUID) -> Any:
    """A signed copy of somebody without a login, for one of the two who signed, once."""
    asked = _find(public_id)
    try:
        file = act.fetch_export(asked=asked, by=request.user, now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}")
        return redirect("data_request", public_id)
    return FileResponse(file, as_attachment=True, filename="copy-of-data.zip")


def _find(public_id: uuid.UUID) -> DataRequest:
    found = report.find_request(public_id=public_id)
    if found is None:
        raise Http404
    return found


def _show(request: MemberRequest, asked: DataRequest, form: AnswerForm) -> HttpResponse:
    approval = report.open_approval(asked=asked)
    context = {
        "line": report.request_line(asked, today=_today(request), approval=approval),
        "form": form,
        "may_handle": request.member.may("handle_requests"),
        "may_fetch": asked.kind == RequestKind.EXPORT
        and asked.state == RequestState.DONE
        and not asked.counts
        and request.user.pk in act.receivers(asked=asked),
        "of_the_person": asked.person.user_id is not None,
    }
    return render(request, "organizations/request.html", context)


def _today(request: MemberRequest) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()
