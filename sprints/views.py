"""The sprint home, on any day as it was, and the start of a sprint."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from adoption.calculations.weeks import complete_week
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.permissions import MemberRequest, page
from organizations.reports.setup import setup_report
from portfolio.reports.register import initiatives_by_id
from sprints import reports
from sprints.actions import start_sprint
from sprints.calculations.calendar import SprintDay
from sprints.calculations.calendar import sprint_day as day_of
from sprints.calculations.finding import coming_monday, home_title, sprint_name, weekly_points
from sprints.calculations.home import SilentWeek
from sprints.forms import SprintForm, asked_day, tell
from sprints.models import Sprint
from sprints.reports import SprintHome
from ui.formats import long_date

STALE_AFTER = timedelta(hours=26)


@dataclass(frozen=True, kw_only=True)
class Silence:
    """An initiative and the weeks in which its sources said nothing."""

    key: str
    name: str
    weeks: tuple[date, ...]


@require_GET
@page("see_sprint")
def sprint_home(request: MemberRequest) -> HttpResponse:
    """Where the sprint stands today, or where it stood on the day of the address."""
    now, today = _now(request)
    day = asked_day(request.GET, today=today)
    home = reports.sprint_home(organization_id=request.organization.pk, today=day)
    calendar = _calendar(request, home, day=day, is_today=day == today)
    context = {
        "home": home,
        "calendar": calendar,
        "title": _title(home, calendar, day=day, is_today=day == today),
        "shown_day": day,
        "today": today,
        "is_past": day < today,
        "now": now,
        "stale": _is_stale(home, now) and day == today,
        "may_run": request.member.may("run_sprint"),
        "may_see_data": request.member.may("see_data"),
    }
    return render(request, "sprints/home.html", context | _details(request, home))


def _now(request: MemberRequest) -> tuple[datetime, date]:
    now = datetime.now(UTC)
    return now, now.astimezone(ZoneInfo(request.organization.time_zone)).date()


def _calendar(
    request: MemberRequest, home: SprintHome | None, *, day: date, is_today: bool
) -> SprintDay | None:
    """Today's sprint is asked for afresh: one may have been planned since the last refresh."""
    if not is_today:
        return home.sprint_day if home else None
    sprint = reports.sprint_at(organization_id=request.organization.pk, today=day)
    return day_of(starts_on=sprint.span.lower, today=day) if sprint else None


def _title(
    home: SprintHome | None, calendar: SprintDay | None, *, day: date, is_today: bool
) -> str:
    """The finding; of a past day it names the week, for "last week" is read as today's."""
    if home is None and not is_today:
        return f"Nothing was kept of {long_date(day)}"
    return home_title(
        day=calendar,
        active=home.body.active if home else None,
        last_week=complete_week(today=day) if is_today else None,
    )


def _is_stale(home: SprintHome | None, now: datetime) -> bool:
    return home is not None and now - home.computed_at > STALE_AFTER


def _details(request: MemberRequest, home: SprintHome | None) -> dict[str, Any]:
    """What stands around the figures: the way to the first ones, and what waits for whom."""
    show_setup = request.member.may("see_data")
    setup = setup_report(organization=request.organization) if show_setup else None
    return {
        "setup": setup if setup and not setup.complete else None,
        "silences": _silences(home.body.waiting.silent_weeks) if home else (),
        "points": weekly_points(series=home.body.series) if home else [],
    }


def _silences(weeks: tuple[SilentWeek, ...]) -> tuple[Silence, ...]:
    """Silent weeks by initiative, in the order of names."""
    known = initiatives_by_id(ids=(silent.initiative_id for silent in weeks))
    found: dict[tuple[str, str], list[date]] = {}
    for silent in weeks:
        if silent.initiative_id in known:
            found.setdefault(known[silent.initiative_id], []).append(silent.week)
    return tuple(
        Silence(key=key, name=name, weeks=tuple(sorted(found[key, name])))
        for key, name in sorted(found, key=lambda pair: (pair[1], pair[0]))
    )


@require_http_methods(["GET", "POST"])
@page("run_sprint")
def sprint_start(request: MemberRequest) -> HttpResponse:
    """Plan ninety days. The button that only shows the dates starts nothing."""
    now, today = _now(request)
    monday = _free_monday(today)
    initial = {"name": sprint_name(starts_on=monday), "starts_on": monday}
    form = SprintForm(request.POST or None, initial=initial)
    complete = form.is_valid()
    starts_on = form.cleaned_data.get("starts_on", monday) if form.is_bound else monday
    if complete and "dates" not in request.POST and _start(request, form, now):
        return redirect("sprint_home")
    context = {"form": form, "calendar": day_of(starts_on=starts_on, today=today)}
    return render(request, "sprints/start.html", context)


def _free_monday(today: date) -> date:
    """The next Monday after today and after the last sprint that is planned."""
    last = Sprint.objects.order_by("-span", "-pk").first()
    taken = last.span.upper - timedelta(days=1) if last else today
    return coming_monday(today=max(today, taken))


def _start(request: MemberRequest, form: SprintForm, now: datetime) -> bool:
    values, actor = form.cleaned_data, Actor(kind="user", id=request.user.pk)
    try:
        start_sprint(
            organization_id=request.organization.pk,
            name=values["name"],
            starts_on=values["starts_on"],
            actor=actor,
            now=now,
        )
    except LastMileError as refusal:
        tell(form, refusal)
        return False
    messages.success(request, f"{values['name']} is planned. Figures follow within a minute.")
    return True
