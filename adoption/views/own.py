"""A person's own usage and rights, for that person alone."""

import uuid
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from adoption.forms.own import ConsentForm, OwnRequestForm
from adoption.reports import own
from adoption.reports.charts import days_chart
from adoption.sources.catalogue import SOURCES
from organizations.actions import requests as act
from organizations.actions.consents import set_consent
from organizations.calculations.actor import Actor
from organizations.calculations.choices import RequestKind
from organizations.errors import LastMileError
from organizations.models import DataRequest, Person
from organizations.permissions import MemberRequest, page
from organizations.reports.privacy import OwnRights, own_rights
from organizations.reports.requests import KINDS, STATES
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
        "rights": _rights(request, now, zone),
        "request_kinds": KINDS,
        "request_states": STATES,
        "chart": days_chart(weeks=report.weeks, finding=report.title),
        "sources": [SOURCES[name] for name in report.sources if name in SOURCES],
        "now": now,
    }
    return render(request, "adoption/my_usage.html", context)


@require_GET
@page("see_own_usage")
def my_usage_export(request: MemberRequest) -> Any:
    """One's own weeks as CSV."""
    rows = own.own_rows(person_id=request.member.person_id)
    return FileResponse(write_csv(rows, own.HEADER), as_attachment=True, filename="my-usage.csv")


@require_POST
@page("see_own_usage")
def my_copy(request: MemberRequest) -> Any:
    """Everything stored about oneself, as a ZIP; the audit trail says that it was taken."""
    file = act.take_copy(person=_own_person(request), by=request.user, now=datetime.now(UTC))
    return FileResponse(file, as_attachment=True, filename="my-data.zip")


@require_POST
@page("see_own_usage")
def my_consent(request: MemberRequest) -> HttpResponse:
    """May the champion see one's name? Works at once, and nobody is told which."""
    person, form = _own_person(request), ConsentForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose yes or no.")
        return redirect("my_usage")
    given = form.cleaned_data["given"] == "yes"
    changed = set_consent(
        person=person,
        given=given,
        actor=Actor(kind="user", id=request.user.pk),
        now=datetime.now(UTC),
    )
    if changed and given:
        messages.success(request, "Your champion may see your name from now on.")
    elif changed:
        messages.success(request, "Nobody sees your name. Nobody was told what you chose.")
    return redirect("my_usage")


@require_POST
@page("see_own_usage")
def my_request(request: MemberRequest) -> HttpResponse:
    """Report a mistake, or ask to be erased."""
    person, form = _own_person(request), OwnRequestForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say what you ask for, in at most 1,000 characters.")
        return redirect("my_usage")
    try:
        made = act.open_request(
            person=person,
            kind=RequestKind(form.cleaned_data["kind"]),
            words=form.cleaned_data["words"],
            by=request.user,
            now=datetime.now(UTC),
        )
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
    else:
        messages.success(request, f"Sent. It is answered by {made.due_on:%-d %B %Y} at the latest.")
    return redirect("my_usage")


@require_POST
@page("see_own_usage")
def my_request_withdraw(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take one's own request back."""
    asked = _own_request(request, public_id)
    try:
        act.withdraw_request(asked=asked, by=request.user, now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}")
    else:
        messages.success(request, "Taken back. Nothing was changed.")
    return redirect("my_usage")


@require_POST
@page("see_own_usage")
def my_request_copy(request: MemberRequest, public_id: uuid.UUID) -> Any:
    """A copy that two administrators signed for, fetched once by the person."""
    asked = _own_request(request, public_id)
    try:
        file = act.fetch_export(asked=asked, by=request.user, now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
        return redirect("my_usage")
    return FileResponse(file, as_attachment=True, filename="my-data.zip")


def _rights(request: MemberRequest, now: datetime, zone: ZoneInfo) -> OwnRights | None:
    if request.member.person_id is None:
        return None
    return own_rights(
        organization=request.organization,
        person_id=request.member.person_id,
        today=now.astimezone(zone).date(),
    )


def _own_person(request: MemberRequest) -> Person:
    """The person behind the login; no parameter names another one."""
    if request.member.person_id is None:
        raise Http404
    return Person.objects.get(pk=request.member.person_id)


def _own_request(request: MemberRequest, public_id: uuid.UUID) -> DataRequest:
    rows = DataRequest.objects.select_related("person").filter(person=_own_person(request))
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found
