"""The adoption page and its file."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from adoption.forms.dashboard import AdoptionFilter
from adoption.reports import ranges
from adoption.reports.adoption import AdoptionReport, adoption_report
from adoption.reports.charts import share_chart
from adoption.reports.notes import marks, noted
from adoption.reports.weekly import HEADER, export_rows
from adoption.sources.catalogue import SOURCES
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.notes import notes_on
from ui.tables import write_csv


@require_GET
@vary_on_headers("HX-Request")
@page("see_adoption")
def dashboard(request: MemberRequest) -> HttpResponse:
    """Organization, department, initiative by weeks; htmx gets the changing part alone."""
    now = datetime.now(UTC)
    report = _report(request, now)
    named = ranges.choices(organization_id=request.organization.pk, today=_today(request, now))
    context = {
        "report": report,
        "form": AdoptionFilter(report=report, ranges=named),
        **_noted(request, report),
        "sees_batches": request.member.may("see_data"),
        "may_upload": request.member.may("import_usage"),
        "sources": [SOURCES[name] for name in report.sources if name in SOURCES],
        "now": now,
    }
    part = request.htmx and not request.htmx.history_restore_request
    return render(request, f"adoption/dashboard.html{'#adoption' if part else ''}", context)


def _noted(request: MemberRequest, report: AdoptionReport) -> dict[str, Any]:
    """The chart with the notes of the group that is shown, and what notes are kept under."""
    about = noted(place=report.place, organization=request.organization)
    notes = notes_on(kind=about[0], object_id=about[1], user_id=request.user.pk) if about else ()
    shown = marks(notes=notes, weeks=[point.week for point in report.points])
    chart = share_chart(points=report.points, finding=report.title, marks=shown)
    return {"chart": chart, "noted": about}


@require_GET
@page("see_adoption")
@fresh
def adoption_export(request: MemberRequest) -> Any:
    """The figures of the page as CSV, suppressed alike."""
    now = datetime.now(UTC)
    report = _report(request, now)
    rows = list(export_rows(organization=request.organization, report=report))
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=Actor(kind="user", id=request.user.pk),
            action="adoption.exported",
            object_kind="adoption",
            object_id="weekly",
            changes={
                "department": report.place.path if report.place else None,
                "initiative": report.initiative.key if report.initiative else None,
                "weeks": report.range.choice,
                "lines": len(rows),
            },
            now=now,
        )
    name = f"adoption-{_today(request, now).isoformat()}.csv"
    return FileResponse(write_csv(rows, HEADER), as_attachment=True, filename=name)


def _report(request: MemberRequest, now: datetime) -> AdoptionReport:
    return adoption_report(
        organization=request.organization,
        member=request.member,
        department_key=_named(request, "department"),
        initiative_key=_named(request, "initiative"),
        weeks=_named(request, "weeks") or ranges.DEFAULT,
        today=_today(request, now),
        now=now,
    )


def _named(request: Any, parameter: str) -> str | None:
    """An empty value of the form is no choice."""
    return request.GET.get(parameter) or None


def _today(request: MemberRequest, now: datetime) -> date:
    return now.astimezone(ZoneInfo(request.organization.time_zone)).date()
