"""The audit trail: the page and its file."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.entries import TrailFilter
from organizations.forms.trail import place, trail_filter
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.trail import (
    HEADER,
    actors,
    entries,
    groups,
    rows,
    trail_report,
)
from ui.tables import write_csv


@require_GET
@page("see_trail")
def trail(request: MemberRequest) -> HttpResponse:
    """Who did what, newest first, and whether the chain was found whole."""
    wanted = _wanted(request)
    report = trail_report(
        organization_id=request.organization.pk,
        wanted=wanted,
        before=place(request.GET.get("before")),
        after=place(request.GET.get("after")),
    )
    context = {
        "report": report,
        "wanted": wanted,
        "query": request.GET,
        "actors": actors(),
        "kinds": groups(),
        "now": datetime.now(UTC),
    }
    return render(request, "organizations/trail.html", context)


@require_GET
@page("see_trail")
@fresh
def trail_export(request: MemberRequest) -> Any:
    """The entries under the filters of the address as CSV, the newest 100,000 of them."""
    wanted, now = _wanted(request), datetime.now(UTC)
    with transaction.atomic():
        file = write_csv(rows(wanted=wanted), HEADER)
        record(
            organization_id=request.organization.pk,
            actor=Actor(kind="user", id=request.user.pk),
            action="trail.exported",
            object_kind="trail",
            object_id=request.organization.public_id,
            changes={"lines": entries(wanted=wanted).count(), "filtered": wanted.asks},
            now=now,
        )
    return FileResponse(file, as_attachment=True, filename=f"audit-{now:%Y-%m-%d}.csv")


def _wanted(request: MemberRequest) -> TrailFilter:
    zone = ZoneInfo(request.user.time_zone or request.organization.time_zone)
    return trail_filter(request.GET, zone=zone)
