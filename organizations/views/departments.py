"""The tree of departments: today's people, champions, names and places."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from organizations.actions.departments import change_department
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.person import DepartmentForm
from organizations.forms.telling import tell
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.departments import departments_report, find_department
from ui.tables import write_csv

HEADER = ("department", "people_in_it", "people_with_those_below", "champions", "needs_deputy")


def _today(request: MemberRequest) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


@require_GET
@page("see_people")
def departments(request: MemberRequest) -> HttpResponse:
    """Every department with the people of today and who carries it."""
    context = {
        "report": departments_report(today=_today(request)),
        "may_edit": request.member.may("import_people"),
    }
    return render(request, "organizations/departments.html", context)


@require_GET
@page("see_people")
@fresh
def departments_export(request: MemberRequest) -> Any:
    """The tree as a file."""
    today = _today(request)
    rows = [
        (
            *(line.key, line.own, line.people),
            " | ".join(champion.name for champion in line.champions),
            line.needs_deputy,
        )
        for line in departments_report(today=today).lines
    ]
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=_actor(request),
            action="departments.exported",
            object_kind="department",
            object_id="list",
            changes={"lines": len(rows)},
            now=datetime.now(UTC),
        )
    return FileResponse(
        write_csv(rows, HEADER), as_attachment=True, filename=f"departments-{today:%Y-%m-%d}.csv"
    )


@require_http_methods(["GET", "POST"])
@page("import_people")
def department_edit(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Rename a department, or hang it under another one."""
    stored = find_department(public_id=public_id)
    parent = stored.parent.public_id if stored.parent else None
    initial = {"name": stored.name, "parent": parent}
    form = DepartmentForm(request.POST or None, department=stored, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_department(
                department=stored,
                actor=_actor(request),
                now=datetime.now(UTC),
                **form.cleaned_data,
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("departments")
    context = {"form": form, "department": stored}
    return render(request, "organizations/department_edit.html", context)
