"""The price of an hour by job role: the table, its file, and the way back in."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.prices import Loaded, load_prices, set_prices
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.settings import PriceForm, PricesFileForm
from organizations.forms.telling import tell
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.settings import PricesReport, price_rows, prices_report
from organizations.sources.prices import HEADER
from organizations.views.settings import today_of
from ui.tables import write_csv


@require_GET
@page("see_settings")
def prices(request: MemberRequest) -> HttpResponse:
    """Job roles with how many hold them and what their hour costs."""
    return _page(request, _report(request))


@require_POST
@page("manage_settings")
@fresh
def prices_save(request: MemberRequest) -> HttpResponse:
    """Store the prices of one page of the table."""
    report, today = _report(request), today_of(request)
    forms = [PriceForm(request.POST, line=line, today=today) for line in report.page.object_list]
    if [form for form in forms if not form.is_valid()]:
        return _page(request, report, forms=forms)
    changed = set_prices(
        organization_id=request.organization.pk,
        wanted={form.line.role.pk: form.price for form in forms},
        actor=Actor(kind="user", id=request.user.pk),
        now=datetime.now(UTC),
        today=today,
    )
    if changed:
        messages.success(request, f"{_roles(changed)} changed.")
    else:
        messages.info(request, "Nothing was changed.")
    return redirect(f"{reverse('settings_prices')}?page={report.page.number}")


@require_POST
@page("manage_settings")
@fresh
def prices_upload(request: MemberRequest) -> HttpResponse:
    """Take a file of prices; good rows count, each bad one says why."""
    form = PricesFileForm(request.POST, request.FILES)
    loaded = None
    if form.is_valid():
        try:
            loaded = load_prices(
                organization_id=request.organization.pk,
                blocks=form.cleaned_data["file"].chunks(),
                actor=Actor(kind="user", id=request.user.pk),
                now=datetime.now(UTC),
                today=today_of(request),
            )
        except LastMileError as refusal:
            tell(form, refusal)
    if loaded is not None and not loaded.errors:
        messages.success(request, f"{_roles(loaded.changed)} changed, {loaded.same} as before.")
        return redirect("settings_prices")
    return _page(request, _report(request), upload=form, loaded=loaded)


@require_GET
@page("see_settings")
@fresh
def prices_export(request: MemberRequest) -> Any:
    """The table as a file that can be sent back."""
    rows = list(price_rows())
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=Actor(kind="user", id=request.user.pk),
            action="prices.exported",
            object_kind="job_role",
            object_id="prices",
            changes={"lines": len(rows)},
            now=datetime.now(UTC),
        )
    name = f"hour-prices-{today_of(request).isoformat()}.csv"
    return FileResponse(write_csv(rows, HEADER), as_attachment=True, filename=name)


def _roles(count: int) -> str:
    return "One job role is" if count == 1 else f"{count} job roles are"


def _report(request: MemberRequest) -> PricesReport:
    return prices_report(page=request.GET.get("page"), today=today_of(request))


def _page(
    request: MemberRequest,
    report: PricesReport,
    *,
    forms: list[PriceForm] | None = None,
    upload: PricesFileForm | None = None,
    loaded: Loaded | None = None,
) -> HttpResponse:
    today = today_of(request)
    context = {
        "report": report,
        "forms": forms or [PriceForm(line=line, today=today) for line in report.page.object_list],
        "refused": sum(bool(form.errors) for form in forms or ()),
        "upload": upload or PricesFileForm(),
        "loaded": loaded,
        "may_change": request.member.may("manage_settings"),
        "header": HEADER,
    }
    return render(request, "organizations/settings_prices.html", context)
