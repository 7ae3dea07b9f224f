"""The usage agreement: read by everybody, written by administrators."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions import agreements as act
from organizations.errors import LastMileError
from organizations.forms.privacy import AgreementForm
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports import agreement as report


@require_GET
@page("see_agreement")
def agreement(request: MemberRequest) -> HttpResponse:
    """The agreement in force."""
    return _show(
        request, report.agreement_page(organization=request.organization, shown=report.in_force())
    )


@require_GET
@page("see_agreement")
def agreement_version(request: MemberRequest, number: int) -> HttpResponse:
    """An earlier or the present version, with what differs from the one before it."""
    found = report.find_version(number=number)
    if found is None:
        raise Http404
    return _show(request, report.agreement_page(organization=request.organization, shown=found))


@require_GET
@page("manage_privacy")
def agreement_draft(request: MemberRequest) -> HttpResponse:
    """The draft as everybody will read it."""
    found = report.draft_of()
    if found is None:
        return redirect("agreement_edit")
    return _show(request, report.agreement_page(organization=request.organization, shown=found))


@require_http_methods(["GET", "POST"])
@page("manage_privacy")
@fresh
def agreement_edit(request: MemberRequest) -> HttpResponse:
    """Write the next version; saving shows it, and publishes nothing."""
    draft = report.draft_of()
    generated = "generated" in request.GET
    start = report.generated_text if generated else report.starting_text
    begun = draft.body if draft and not generated else start(organization=request.organization)
    form = AgreementForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        act.save_draft(
            organization_id=request.organization.pk,
            body=form.body(),
            by=request.user,
            now=datetime.now(UTC),
        )
        messages.success(request, "Saved as a draft. Nobody else sees it until you publish it.")
        return redirect("agreement_draft")
    return render(request, "organizations/agreement_edit.html", {"form": form, "draft": draft})


@require_POST
@page("manage_privacy")
@fresh
def agreement_publish(request: MemberRequest) -> HttpResponse:
    """Put the draft in force."""
    try:
        made = act.publish_agreement(
            organization_id=request.organization.pk, by=request.user, now=datetime.now(UTC)
        )
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}")
        return redirect("agreement_edit")
    messages.success(request, f"Version {made.version} is published; everybody can read it now.")
    return redirect("agreement")


@require_POST
@page("manage_privacy")
@fresh
def agreement_discard(request: MemberRequest) -> HttpResponse:
    """Throw the draft away."""
    act.discard_draft(
        organization_id=request.organization.pk, by=request.user, now=datetime.now(UTC)
    )
    messages.success(request, "The draft is gone. The published agreement stays.")
    return redirect("agreement")


def _show(request: MemberRequest, shown: report.AgreementPage) -> HttpResponse:
    context = {"page": shown, "may_write": request.member.may("manage_privacy")}
    return render(request, "organizations/agreement.html", context)
