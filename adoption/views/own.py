"""A person's own usage, for that person alone."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from adoption.reports import own
from adoption.reports.charts import days_chart
from adoption.sources.catalogue import SOURCES
from organizations.permissions import MemberRequest, page
from ui.tables import write_csv


@require_GET
@page("see_own_usage")
def my_usage(request: MemberRequest) -> HttpResponse:
    """What is stored about one's own use. No parameter names another person."""
    now = datetime.now(UTC)
    zone = ZoneInfo(request.organization.time_zone)
    report = own.my_usage(
        organization=request.organization,
        member=request.member,
        today=now.astimezone(zone).date(),
        now=now,
    )
    context = {
        "report": report,
        "chart": days_chart(weeks=report.weeks, finding=report.title),
        "sources": [SOURCES[name] for name in report.sources if name in SOURCES],
        "now": now,
        "zone": zone,
    }
    return render(request, "adoption/my_usage.html", context)


@require_GET
@page("see_own_usage")
def my_usage_export(request: MemberRequest) -> Any:
    """One's own weeks as CSV."""
    rows = own.own_rows(person_id=request.member.person_id)
    return FileResponse(write_csv(rows, own.HEADER), as_attachment=True, filename="my-usage.csv")
