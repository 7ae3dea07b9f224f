"""Who stands in for oneself."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from organizations.actions.standins import Absence, end_stand_in, stand_in
from organizations.errors import LastMileError
from organizations.forms.members import StandInForm
from organizations.forms.telling import tell
from organizations.models import StandIn
from organizations.permissions import MemberRequest, page
from organizations.reports.standins import own_stand_ins, stand_in_choices
from ui.formats import long_date


@require_http_methods(["GET", "POST"])
@page("name_stand_in")
def stand_ins(request: MemberRequest) -> HttpResponse:
    """Name who finds one's decisions while one is away."""
    today = datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()
    choices = stand_in_choices(user=request.user, today=today)
    form = StandInForm(request.POST or None, choices=choices, initial={"first": today})
    if request.method == "POST" and form.is_valid() and _name(request, form):
        return redirect("stand_in")
    context = {
        "form": form,
        "own": own_stand_ins(user=request.user, today=today),
        "choices": choices.exists(),
        "today": today,
    }
    return render(request, "organizations/stand_in.html", context)


def _name(request: MemberRequest, form: StandInForm) -> bool:
    now, values = datetime.now(UTC), form.cleaned_data
    absence = Absence(
        user=request.user, delegate=values["delegate"], first=values["first"], last=values["last"]
    )
    today = now.astimezone(ZoneInfo(request.organization.time_zone)).date()
    try:
        stand_in(organization=request.organization, absence=absence, today=today, now=now)
    except LastMileError as refusal:
        tell(form, refusal)
        return False
    name, last = absence.delegate.name, long_date(absence.last)
    messages.success(request, f"{name} stands in for you until {last}.")
    return True


@require_POST
@page("name_stand_in")
def stand_in_end(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Back early."""
    found = get_object_or_404(StandIn.objects.filter(user=request.user), public_id=public_id)
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(request.organization.time_zone)).date()
    end_stand_in(found=found, user=request.user, today=today, now=now)
    messages.success(request, "Ended. What waits for you waits for you alone.")
    return redirect("stand_in")
