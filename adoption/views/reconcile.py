"""The vendor's own number beside ours."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from adoption.forms.reconcile import ReconcileForm
from adoption.reports.reconcile import Asked, Reconciled, load_choices, reconcile
from adoption.sources.catalogue import SOURCES
from organizations.permissions import MemberRequest, page


@require_GET
@page("see_data")
def reconciled(request: MemberRequest) -> HttpResponse:
    """Ask for a comparison in the address, and show it; nothing is stored."""
    choices = load_choices(organization=request.organization)
    form = ReconcileForm(request.GET if "total" in request.GET else None, choices=choices)
    report = _compare(request, form.asked) if form.is_valid() else None
    source = SOURCES.get(report.asked.source) if report else None
    context = {"form": form, "report": report, "choices": choices, "source": source}
    return render(request, "adoption/reconcile.html", context)


def _compare(request: MemberRequest, asked: Asked) -> Reconciled:
    source = SOURCES.get(asked.source)
    return reconcile(
        organization=request.organization,
        asked=asked,
        settles_after_days=source.settles_after_days if source else 0,
        now=datetime.now(UTC),
    )
