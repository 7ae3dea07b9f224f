"""People: the list, its file, and the import."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from organizations.actions.batches import NewBatch, Received, receive
from organizations.actions.people_preview import ask_preview
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind
from organizations.errors import LastMileError
from organizations.forms.people import PeopleImportForm, people_filter
from organizations.forms.telling import tell
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.people import (
    STATE_WORDS,
    PersonLine,
    PersonState,
    people_lines,
    people_report,
)
from organizations.sources.directory import TEMPLATE
from ui.tables import Cell, write_csv

HEADER = (
    *("external_id", "name", "email", "department", "job_role"),
    *("state", "since", "last_day"),
)


@require_GET
@page("see_people")
def people(request: MemberRequest) -> HttpResponse:
    """Who is in the directory and where they work now."""
    now, zone = datetime.now(UTC), ZoneInfo(request.organization.time_zone)
    wanted = people_filter(request.GET)
    report = people_report(
        wanted=wanted, page=request.GET.get("page"), today=now.astimezone(zone).date()
    )
    context = {"report": report, "wanted": wanted, "states": STATE_WORDS}
    return render(request, "organizations/people.html", context)


@require_GET
@page("see_people")
@fresh
def people_export(request: MemberRequest) -> Any:
    """The list as a file, under the filters of its address."""
    now, zone = datetime.now(UTC), ZoneInfo(request.organization.time_zone)
    wanted, today = people_filter(request.GET), now.astimezone(zone).date()
    rows = [_row(line) for line in people_lines(wanted=wanted, today=today)]
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=Actor(kind="user", id=request.user.pk),
            action="people.exported",
            object_kind="person",
            object_id="list",
            changes={"lines": len(rows)},
            now=now,
        )
    return FileResponse(
        write_csv(rows, HEADER), as_attachment=True, filename=f"people-{today:%Y-%m-%d}.csv"
    )


def _row(line: PersonLine) -> Sequence[Cell]:
    # Whoever is here has no last day: that is nothing to know, and not unknown.
    last_day = line.last_day if line.state is PersonState.LEFT else line.last_day or ""
    return (
        *(line.external_id, line.name, line.email, line.department, line.job_role),
        *(line.state_words, line.since, last_day),
    )


@require_http_methods(["GET", "POST"])
@page("import_people")
def people_import(request: MemberRequest) -> HttpResponse:
    """Take a file of people in and show what it would change; nothing is applied yet."""
    form = PeopleImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            received = _receive(request, form)
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            if received.replayed:
                messages.info(request, "This file waits here already. Nothing is applied yet.")
            return redirect("people_preview", number=received.batch.number)
    return render(request, "organizations/people_import.html", {"form": form})


def _receive(request: MemberRequest, form: PeopleImportForm) -> Received:
    file = form.cleaned_data["file"]
    received = receive(
        new=NewBatch(
            organization_id=request.organization.pk,
            kind=BatchKind.PEOPLE,
            source="people",
            source_version=1,
            content_type=form.content_type,
            actor=Actor(kind="user", id=request.user.pk),
            user=request.user,
            filename=file.name,
            preview=True,
        ),
        blocks=file.chunks(),
        now=datetime.now(UTC),
    )
    ask_preview(batch=received.batch, clock=lambda: datetime.now(UTC))
    return received


@require_GET
@page("import_people")
def people_template(request: MemberRequest) -> HttpResponse:
    """A file to fill in: the header and one example row."""
    answer = HttpResponse(TEMPLATE, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="people-template.csv"'
    return answer
