"""The calendar of an organization: working days and days off."""

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.calendar import add_holidays, remove_holiday, set_working_days
from organizations.calculations.actor import Actor
from organizations.calculations.settings import WEEKDAYS
from organizations.errors import NotFound
from organizations.forms.settings import (
    CopyYearForm,
    DayForm,
    DaysOffForm,
    WeekdaysForm,
    asked_year,
)
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.calendar import year_report
from organizations.views.settings import today_of
from ui.formats import long_date

AGAIN = "All weeks are being counted again."


@require_GET
@page("see_settings")
def calendar(request: MemberRequest) -> HttpResponse:
    """Working days, and the days off of one year."""
    return _page(request)


@require_POST
@page("manage_settings")
@fresh
def calendar_weekdays(request: MemberRequest) -> HttpResponse:
    """Choose the working days of a week."""
    form = WeekdaysForm(request.POST)
    if not form.is_valid():
        return _page(request, weekdays=form)
    chosen = form.cleaned_data["weekdays"]
    if set_working_days(
        organization_id=request.organization.pk, weekdays=chosen, **_by_and_now(request)
    ):
        messages.success(request, f"The working days are changed. {AGAIN}")
    else:
        messages.info(request, "These were the working days before.")
    return _back(request)


@require_POST
@page("manage_settings")
@fresh
def calendar_add(request: MemberRequest) -> HttpResponse:
    """Add days off from a pasted list."""
    form = DaysOffForm(request.POST)
    if not form.is_valid():
        return _page(request, lines=form)
    return _add(request, form.cleaned_data["lines"])


@require_POST
@page("manage_settings")
@fresh
def calendar_copy(request: MemberRequest) -> HttpResponse:
    """Take over days of the year before that fall on the same date."""
    today = today_of(request)
    year = asked_year(request.POST.get("year", ""), today=today)
    form = CopyYearForm(request.POST, offered=year_report(year=year, today=today).offered)
    if not form.is_valid():
        return _page(request, copy=form)
    return _add(request, form.chosen)


@require_POST
@page("manage_settings")
@fresh
def calendar_remove(request: MemberRequest) -> HttpResponse:
    """Make a day off a working day again."""
    form = DayForm(request.POST)
    if not form.is_valid():
        raise NotFound("There is no such day off.", remedy="Open the calendar again.")
    day = form.cleaned_data["day"]
    name = remove_holiday(organization_id=request.organization.pk, day=day, **_by_and_now(request))
    messages.success(
        request, f"{long_date(day)}, {name}, is a working day again. {AGAIN} Add it to undo this."
    )
    return _back(request)


def _add(request: MemberRequest, days: Any) -> HttpResponse:
    added = add_holidays(organization_id=request.organization.pk, days=days, **_by_and_now(request))
    if added:
        count = "One day is" if len(added) == 1 else f"{len(added)} days are"
        messages.success(request, f"{count} in the calendar now. {AGAIN}")
        return redirect(f"{reverse('settings_calendar')}?year={added[0].year}")
    messages.info(request, "All of these were in the calendar before.")
    return _back(request)


def _by_and_now(request: MemberRequest) -> dict[str, Any]:
    return {"actor": Actor(kind="user", id=request.user.pk), "now": datetime.now(UTC)}


def _back(request: MemberRequest) -> HttpResponse:
    year = _year(request, today_of(request))
    return redirect(f"{reverse('settings_calendar')}?year={year}")


def _year(request: MemberRequest, today: date) -> int:
    return asked_year(request.POST.get("year") or request.GET.get("year", ""), today=today)


def _page(request: MemberRequest, **bound: forms.Form) -> HttpResponse:
    today = today_of(request)
    report = year_report(year=_year(request, today), today=today)
    working = list(request.organization.working_days)
    context = {
        "report": report,
        "working": [WEEKDAYS[number - 1] for number in working],
        "weekdays": bound.get("weekdays") or WeekdaysForm(initial={"weekdays": working}),
        "lines": bound.get("lines") or DaysOffForm(),
        "copy": bound.get("copy") or CopyYearForm(None, offered=report.offered),
        "may_change": request.member.may("manage_settings"),
    }
    return render(request, "organizations/settings_calendar.html", context)
