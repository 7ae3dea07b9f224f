"""The data file and the end: leave, delete an organization, open a closed one again."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.leaving import (
    CLOSE_ACT,
    closed_of,
    leave,
    propose_closing,
    reopen,
)
from organizations.calculations.leaving import DISABLED_FOR
from organizations.errors import LastMileError, NotFound
from organizations.forms.settings import CloseForm, LeaveForm, ReopenForm
from organizations.forms.telling import tell
from organizations.middleware import SESSION_KEY
from organizations.models import Organization
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.export_runs import run_lines
from organizations.reports.settings import leave_report
from organizations.views.settings import today_of


@require_GET
@page("leave_organization")
def settings_leave(request: MemberRequest) -> HttpResponse:
    """The data file for administrators, the way out for everybody."""
    return _page(request)


@require_POST
@page("leave_organization")
def leave_now(request: MemberRequest) -> HttpResponse:
    """Leave, after a tick that one is sure."""
    form = LeaveForm(request.POST)
    if form.is_valid():
        try:
            leave(organization=request.organization, user=request.user, now=datetime.now(UTC))
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            request.session.pop(SESSION_KEY, None)
            messages.success(request, f"You have left {request.organization.name}.")
            return redirect("home")
    return _page(request, leave=form)


@require_POST
@page("close_organization")
@fresh
def close_propose(request: MemberRequest) -> HttpResponse:
    """Propose to delete the organization; nothing happens before a second signature."""
    form = CloseForm(request.POST)
    if form.is_valid():
        try:
            approval = propose_closing(
                organization_id=request.organization.pk,
                name=form.cleaned_data["name"],
                reason=form.cleaned_data["reason"],
                by=request.user,
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            return redirect("approval", public_id=approval.public_id)
    return _page(request, close=form)


@require_http_methods(["GET", "POST"])
def closed(request: Any) -> HttpResponse:
    """Closed organizations that one administers, each with the way to open it again."""
    now = datetime.now(UTC)
    if request.method == "POST":
        form = ReopenForm(request.POST)
        if not form.is_valid():
            raise NotFound("There is no closed organization of yours at this address.")
        organization = reopen(public_id=form.public_id, by=request.user, now=now)
        request.session[SESSION_KEY] = str(organization.public_id)
        messages.success(request, f"{organization.name} is open again, with everything in it.")
        return redirect("home")
    found = Organization.objects.filter(pk__in=closed_of(user=request.user, now=now))
    context = {"organizations": found.order_by("closing_on", "pk")}
    return render(request, "organizations/leave_closed.html", context)


def _page(request: MemberRequest, **bound: forms.Form) -> HttpResponse:
    report = leave_report(organization=request.organization, today=today_of(request), act=CLOSE_ACT)
    exports = request.member.may("export_everything")
    context = {
        "report": report,
        "leave": bound.get("leave") or LeaveForm(),
        "close": bound.get("close") or CloseForm(),
        "days": DISABLED_FOR.days,
        "runs": run_lines() if exports else (),
        "may_export": exports,
        "may_close": request.member.may("close_organization"),
        "now": datetime.now(UTC),
    }
    return render(request, "organizations/leave.html", context)
