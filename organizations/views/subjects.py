"""Subjects that nobody in the directory answers to, and saying who they are: one, or many."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.link_file import LinkedMany, load_links
from organizations.actions.links import link_by_hand, unlink
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.subjects import (
    LinksFileForm,
    SubjectLinkForm,
    UnlinkForm,
    subjects_filter,
)
from organizations.forms.telling import tell
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.data import data_tabs
from organizations.reports.subjects import (
    STATE_WORDS,
    SubjectLine,
    SubjectState,
    find_subject,
    subject_lines,
    subjects_report,
)
from organizations.sources.links import HEADER, TOLD
from ui.formats import integer
from ui.tables import Cell, write_csv


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


def _today(request: MemberRequest) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()


@require_GET
@page("see_data")
def subjects(request: MemberRequest) -> HttpResponse:
    """Who is not known yet, last seen first, and whom they might be."""
    wanted = subjects_filter(request.GET)
    context = {
        "report": subjects_report(wanted=wanted, page=request.GET.get("page")),
        "tabs": data_tabs(today=_today(request)),
        "wanted": wanted,
        "states": STATE_WORDS,
        "open": wanted.state is SubjectState.OPEN,
    }
    return render(request, "organizations/subjects.html", context)


@require_GET
@page("see_data")
@fresh
def subjects_export(request: MemberRequest) -> Any:
    """The list under the filters of its address, as a file that can be filled in and sent back."""
    rows = [_row(line) for line in subject_lines(wanted=subjects_filter(request.GET))]
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=_actor(request),
            action="subjects.exported",
            object_kind="subject",
            object_id="list",
            changes={"lines": len(rows)},
            now=datetime.now(UTC),
        )
    name = f"subjects-{_today(request).isoformat()}.csv"
    return FileResponse(write_csv(rows, (*HEADER, *TOLD)), as_attachment=True, filename=name)


def _row(line: SubjectLine) -> Sequence[Cell]:
    """One row for each subject: of a linked one the link that holds last."""
    link = line.links[-1] if line.links else None
    return (
        *(line.source, line.scope, line.name),
        *((link.email, link.first or "", link.last or "") if link else ("", "", "")),
        *(" ".join(line.names), "" if line.rows is None else line.rows),
        *(line.first_seen, line.last_seen, " ".join(guess.email for guess in line.guesses)),
    )


@require_http_methods(["GET", "POST"])
@page("link_subject")
def subjects_upload(request: MemberRequest) -> HttpResponse:
    """Say of many who they are; good rows count, each bad one says why."""
    form = LinksFileForm(request.POST or None, request.FILES or None)
    loaded = None
    if request.method == "POST" and form.is_valid():
        try:
            loaded = load_links(
                organization_id=request.organization.pk,
                blocks=form.cleaned_data["file"].chunks(),
                actor=_actor(request),
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
    if loaded is not None and not loaded.errors:
        messages.success(request, _words(loaded))
        return redirect("subjects")
    context = {"form": form, "loaded": loaded, "header": HEADER}
    return render(request, "organizations/subjects_upload.html", context)


def _words(loaded: LinkedMany) -> str:
    changed = "One subject is" if loaded.changed == 1 else f"{integer(loaded.changed)} subjects are"
    return (
        f"{changed} linked, {integer(loaded.same)} as before, "
        f"{integer(loaded.left_open)} left open. Figures follow within a minute."
    )


@require_http_methods(["GET", "POST"])
@page("link_subject")
def subject_link(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Say who a subject is, on which days; its usage counts from then on, and backwards."""
    subject, line = find_subject(public_id=public_id)
    form = SubjectLinkForm(request.POST or None, initial={"person": request.GET.get("person", "")})
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["person"]
        changed = link_by_hand(
            subject=subject,
            person=person,
            span=form.span,
            actor=_actor(request),
            now=datetime.now(UTC),
        )
        if changed:
            messages.success(request, f"{line.name} is {person.name}. Its usage counts now.")
        else:
            messages.info(request, f"{line.name} was linked so already. Nothing changed.")
        return redirect("subjects")
    return render(request, "organizations/subject_link.html", {"form": form, "line": line})


@require_POST
@page("link_subject")
def subject_unlink(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Take one link back."""
    subject, line = find_subject(public_id=public_id)
    form = UnlinkForm(request.POST)
    link_id = form.cleaned_data["link"] if form.is_valid() else 0
    try:
        person = unlink(
            subject=subject, link_id=link_id, actor=_actor(request), now=datetime.now(UTC)
        )
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.success(request, f"{line.name} is not {person.name} any more.")
    return redirect("subject_link", public_id=public_id)
