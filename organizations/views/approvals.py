"""One act of two people: what it is, who proposed it, and the second signature."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.approvals import approve, decline, withdraw
from organizations.errors import LastMileError
from organizations.forms.queue import DeclineForm, SignForm
from organizations.models import Approval
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.approvals import ApprovalReport, approval_report
from organizations.reports.queue import local_today


@require_GET
@page("see_approval")
def approval(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """One act for who proposed it, who may sign it, and auditors."""
    return _show(request, _found(request, public_id), {})


@require_POST
@page("see_approval")
@fresh
def approval_sign(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The second signature: the act is done in the same step."""
    form = SignForm(request.POST)

    def act(found: Approval, now: datetime) -> None:
        approve(approval=found, by=request.user, answer=form.cleaned_data["answer"], now=now)

    return _decide(request, public_id, form, act, "Signed and done.", "sign_form")


@require_POST
@page("see_approval")
@fresh
def approval_decline(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Say no, with a reason."""
    form = DeclineForm(request.POST)

    def act(found: Approval, now: datetime) -> None:
        decline(approval=found, by=request.user, answer=form.cleaned_data["answer"], now=now)

    return _decide(request, public_id, form, act, "Declined. Nothing was changed.", "decline_form")


@require_POST
@page("see_approval")
def approval_withdraw(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Take one's own proposal back."""
    found = _found(request, public_id).approval
    withdraw(approval=found, by=request.user, now=datetime.now(UTC))
    messages.success(request, "Taken back. Nothing was changed.")
    return redirect("approval", public_id=public_id)


def _decide(
    request: MemberRequest,
    public_id: UUID,
    form: Any,
    act: Callable[[Approval, datetime], None],
    said: str,
    name: str,
) -> HttpResponse:
    report = _found(request, public_id)
    if form.is_valid():
        try:
            act(report.approval, datetime.now(UTC))
        except LastMileError as refusal:
            form.add_error(None, f"{refusal.message} {refusal.remedy}".strip())
        else:
            messages.success(request, said)
            return redirect("approval", public_id=public_id)
    return _show(request, _found(request, public_id), {name: form})


def _found(request: MemberRequest, public_id: UUID) -> ApprovalReport:
    report = approval_report(
        public_id=public_id,
        user_id=request.user.pk,
        roles=request.member.roles,
        organization=request.organization,
        today=local_today(time_zone=request.organization.time_zone, now=datetime.now(UTC)),
    )
    if report is None:
        raise Http404
    return report


def _show(request: MemberRequest, report: ApprovalReport, forms: dict[str, Any]) -> HttpResponse:
    blank = {
        "sign_form": SignForm(auto_id="sign_%s"),
        "decline_form": DeclineForm(auto_id="decline_%s"),
    }
    context = {"report": report, **blank, **forms, "refused": next(iter(forms.values()), None)}
    return render(request, "organizations/approval.html", context)
