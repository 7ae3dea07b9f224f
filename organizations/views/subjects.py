"""Subjects that nobody in the directory answers to, and saying who one is."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from organizations.actions.links import link_by_hand
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.subjects import SubjectLinkForm
from organizations.forms.telling import tell
from organizations.permissions import MemberRequest, page
from organizations.reports.data import data_tabs
from organizations.reports.subjects import open_subject, subjects_report


@require_GET
@page("see_data")
def subjects(request: MemberRequest) -> HttpResponse:
    """Who is not known yet, last seen first."""
    text = request.GET.get("q", "").strip()[:254]
    today = datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()
    context = {
        "report": subjects_report(text=text, page=request.GET.get("page")),
        "tabs": data_tabs(today=today),
        "text": text,
    }
    return render(request, "organizations/subjects.html", context)


@require_http_methods(["GET", "POST"])
@page("link_subject")
def subject_link(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Say who a subject is; its usage counts from then on, and backwards."""
    subject, line = open_subject(public_id=public_id)
    form = SubjectLinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["person"]
        try:
            link_by_hand(
                subject=subject,
                person=person,
                actor=Actor(kind="user", id=request.user.pk),
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"{line.name} is {person.name}. Its usage counts now.")
            return redirect("subjects")
    return render(request, "organizations/subject_link.html", {"form": form, "line": line})
