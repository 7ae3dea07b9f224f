"""Settings of an organization: the general ones, and who signs which act."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.settings import General, change_settings
from organizations.actions.signers import set_signers
from organizations.calculations.actor import Actor
from organizations.calculations.settings import MONTHS
from organizations.errors import LastMileError, NotFound
from organizations.forms.settings import GeneralForm, SignersForm
from organizations.forms.telling import tell
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.settings import SignersReport, signers_report


@require_GET
@page("see_settings")
def settings(request: MemberRequest) -> HttpResponse:
    """What is set, and what each setting does."""
    context = {
        "month": MONTHS[request.organization.fiscal_start_month - 1],
        "may_change": request.member.may("manage_settings"),
    }
    return render(request, "organizations/settings.html", context)


@require_http_methods(["GET", "POST"])
@page("manage_settings")
@fresh
def settings_edit(request: MemberRequest) -> HttpResponse:
    """Change the general settings."""
    form = GeneralForm.of(request.organization, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_settings(
                organization_id=request.organization.pk,
                wanted=General(**form.cleaned_data),
                actor=Actor(kind="user", id=request.user.pk),
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            _say_changed(request, form, changed)
            return redirect("settings")
    return render(request, "organizations/settings_edit.html", {"form": form})


def _say_changed(request: MemberRequest, form: GeneralForm, changed: tuple[str, ...]) -> None:
    if not changed:
        messages.info(request, "Nothing was changed.")
        return
    words = ", ".join(str(form.fields[name].label).lower() for name in changed)
    again = " All weeks are being counted again." if "grace_days" in changed else ""
    messages.success(request, f"Changed: {words}.{again}")


@require_GET
@page("see_settings")
def signers(request: MemberRequest) -> HttpResponse:
    """Who signs which act of two people."""
    report = _signers(request)
    return _signers_page(request, report, [SignersForm(act=act) for act in report.acts])


@require_POST
@page("manage_settings")
@fresh
def signers_save(request: MemberRequest) -> HttpResponse:
    """Name who signs one act."""
    report = _signers(request)
    line = next((act for act in report.acts if act.kind.act == request.POST.get("act")), None)
    if line is None:
        raise NotFound("There is no such act.")
    form = SignersForm(request.POST, act=line)
    if form.is_valid():
        try:
            changed = set_signers(
                organization_id=request.organization.pk,
                act=line.kind.act,
                membership_ids=form.cleaned_data["members"],
                actor=Actor(kind="user", id=request.user.pk),
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            said = "is changed" if changed else "was so before"
            messages.success(request, f"Who signs “{line.kind.label}” {said}.")
            return redirect("settings_signers")
    forms = [form if act is line else SignersForm(act=act) for act in report.acts]
    return _signers_page(request, report, forms)


def _signers(request: MemberRequest) -> SignersReport:
    return signers_report(organization=request.organization, today=today_of(request))


def _signers_page(request: Any, report: SignersReport, forms: list[SignersForm]) -> HttpResponse:
    context = {
        "report": report,
        "forms": forms,
        "may_change": request.member.may("manage_settings"),
    }
    return render(request, "organizations/settings_signers.html", context)


def today_of(request: MemberRequest) -> date:
    """The day in the organization's time zone."""
    zone = ZoneInfo(request.organization.time_zone)
    return datetime.now(UTC).astimezone(zone).date()
