"""Settings of privacy: read by administrators and auditors, changed by administrators."""

from dataclasses import asdict
from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from organizations.actions.agreements import change_rules
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.privacy import CHAMPION_SEES, RulesForm
from organizations.forms.telling import tell
from organizations.models import Organization
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.agreement import in_force, rules_of, unpublished_rules
from organizations.reports.privacy import last_night


@require_GET
@page("see_privacy")
def privacy(request: MemberRequest) -> HttpResponse:
    """The rules in force, whether they are agreed, and what the last night deleted."""
    context = {
        "rules": rules_of(request.organization),
        "champion": dict(CHAMPION_SEES)[request.organization.champion_sees],
        "agreement": in_force(),
        "unpublished": unpublished_rules(organization=request.organization),
        "night": last_night(),
        "may_change": request.member.may("manage_privacy"),
    }
    return render(request, "organizations/privacy.html", context)


@require_http_methods(["GET", "POST"])
@page("manage_privacy")
@fresh
def privacy_edit(request: MemberRequest) -> HttpResponse:
    """Change the rules."""
    organization = Organization.objects.get(pk=request.organization.pk)
    form = RulesForm(request.POST or None, initial=asdict(rules_of(organization)))
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_rules(
                organization_id=organization.pk,
                rules=form.rules(),
                actor=Actor(kind="user", id=request.user.pk),
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Saved." if changed else "Nothing was different.")
            return redirect("privacy")
    return render(request, "organizations/privacy_edit.html", {"form": form})
