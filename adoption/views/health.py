"""How the sources are."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from adoption.reports.health import HealthReport, Reporting, SourceLine, health_report
from adoption.sources import m365_copilot
from adoption.sources.catalogue import SOURCES
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.data import data_tabs
from ui.tables import Cell, write_csv

HEADER: Final = (
    *("source", "initiative", "state", "last_import", "last_batch", "newest_day", "lag_days"),
    *("late_after_days", "batches_28d", "refused_batches_28d", "rows_28d", "refused_rows_28d"),
    *("subjects_28d", "unmatched_28d", "nights_28d", "weeks_without_data_13w"),
)


@require_GET
@page("see_data")
def sources(request: MemberRequest) -> HttpResponse:
    """What each source told last, and where it fell silent."""
    now = datetime.now(UTC)
    context = {
        "report": _report(request, now),
        "tabs": data_tabs(today=_today(request, now)),
        "now": now,
    }
    return render(request, "adoption/sources.html", context)


@require_GET
@page("see_data")
@fresh
def sources_export(request: MemberRequest) -> Any:
    """The sources as a file."""
    now = datetime.now(UTC)
    lines = [_row(line) for line in _report(request, now).lines]
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=Actor(kind="user", id=request.user.pk),
            action="sources.exported",
            object_kind="source",
            object_id="list",
            changes={"lines": len(lines)},
            now=now,
        )
    name = f"sources-{_today(request, now).isoformat()}.csv"
    return FileResponse(write_csv(map(tuple, lines), HEADER), as_attachment=True, filename=name)


def _report(request: MemberRequest, now: datetime) -> HealthReport:
    known = {
        source.name: Reporting(
            label=source.label,
            settles_after_days=source.settles_after_days,
            nightly=source.name == m365_copilot.NAME,
        )
        for source in SOURCES.values()
    }
    return health_report(organization=request.organization, known=known, now=now)


def _row(line: SourceLine) -> Iterator[Cell]:
    batches = line.batches
    yield from (line.source, line.initiative.key if line.initiative else "", line.health.value)
    yield from (line.at, line.last, line.newest, line.lag, line.allowed)
    yield from (batches.count, batches.refused, batches.received, batches.rejected)
    yield from (line.seen, line.unmatched, "" if line.nights is None else line.nights, line.gaps)


def _today(request: MemberRequest, now: datetime) -> date:
    return now.astimezone(ZoneInfo(request.organization.time_zone)).date()
