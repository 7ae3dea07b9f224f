"""Members: the list, its file, one member's roles, and leaving with a hand-over."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from organizations.actions.handover import hand_over, held_by, live_members
from organizations.actions.members import RolesWanted, change_roles
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.roles import LABELS
from organizations.errors import LastMileError, NotFound
from organizations.forms.members import HandOverForm, RolesForm, members_filter
from organizations.forms.telling import tell
from organizations.models import User
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.members import (
    STATE_WORDS,
    MemberLine,
    departments_of,
    find_leaver,
    find_member,
    member_lines,
    members_report,
)
from organizations.reports.offers import longest_facilitation
from ui.tables import Cell, write_csv

HEADER = (
    *("name", "email", "roles", "departments", "until"),
    *("second_factor", "last_seen", "state", "stand_in"),
)


@require_GET
@page("see_members")
def members(request: MemberRequest) -> HttpResponse:
    """Who may sign in to this organization, and what for."""
    now, today = _now(request)
    wanted = members_filter(request.GET)
    report = members_report(
        organization=request.organization,
        wanted=wanted,
        page=request.GET.get("page"),
        today=today,
    )
    context = {
        "report": report,
        "wanted": wanted,
        "roles": [(role, words) for role, words in LABELS.items()],
        "states": STATE_WORDS,
        "now": now,
    }
    return render(request, "organizations/members.html", context)


@require_GET
@page("see_members")
@fresh
def members_export(request: MemberRequest) -> Any:
    """The list as a file, under the filters of its address."""
    now, today = _now(request)
    lines = member_lines(
        organization=request.organization, wanted=members_filter(request.GET), today=today
    )
    rows = [_row(line) for line in lines]
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=_actor(request),
            action="members.exported",
            object_kind="user",
            object_id="list",
            changes={"lines": len(rows)},
            now=now,
        )
    return FileResponse(
        write_csv(rows, HEADER), as_attachment=True, filename=f"members-{today:%Y-%m-%d}.csv"
    )


def _row(line: MemberLine) -> Sequence[Cell]:
    return (
        *(line.name, line.email, line.role_words, "; ".join(line.departments), line.until or ""),
        *(line.factor.value, line.last_seen or "never", line.state_words),
        line.stand_in.delegate if line.stand_in else "",
    )


@never_cache
@require_http_methods(["GET", "POST"])
@page("manage_members")
@fresh
def member(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """One member: what they may do, and until when."""
    now, today = _now(request)
    line = find_member(organization=request.organization, public_id=public_id, today=today)
    if line is None:
        raise NotFound("Nobody of this organization has this address.")
    user = User.objects.get(pk=line.user_id)
    form = RolesForm(request.POST or None, initial=_initial(line, user))
    if request.method == "POST" and form.is_valid() and _change(request, form, user):
        return redirect("member", public_id)
    context = {
        "form": form,
        "line": line,
        "now": now,
        "today": today,
        "facilitation_end": longest_facilitation(
            organization_id=request.organization.pk, today=today
        ),
    }
    return render(request, "organizations/member.html", context)


def _initial(line: MemberLine, user: User) -> dict[str, Any]:
    return {
        "roles": [role.value for role in line.roles],
        "departments": [str(department.public_id) for department in departments_of(user=user)],
        "until": line.until,
    }


def _change(request: MemberRequest, form: RolesForm, user: User) -> bool:
    """Whether the roles are as wanted now; a refusal stands in the form."""
    now, today = _now(request)
    try:
        changed = change_roles(
            organization=request.organization,
            user=user,
            wanted=RolesWanted(
                roles=frozenset(form.cleaned_data["roles"]),
                departments=form.chosen_departments(),
                until=form.cleaned_data["until"],
            ),
            actor=_actor(request),
            today=today,
            now=now,
        )
    except LastMileError as refusal:
        tell(form, refusal)
        return False
    words = "Saved. It counts from the next page they open." if changed else "Nothing was changed."
    messages.success(request, words)
    return True


@never_cache
@require_http_methods(["GET", "POST"])
@page("manage_members")
@fresh
def member_leave(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """End a membership: what the member holds goes to somebody else in the same step."""
    user = find_leaver(public_id=public_id)
    if user is None:
        raise NotFound("Nobody of this organization has this address.")
    _, today = _now(request)
    held = held_by(user_id=user.pk)
    choices = live_members(today=today).exclude(pk=user.pk)
    form = HandOverForm(
        request.POST if request.method == "POST" else None, held=held, choices=choices
    )
    if request.method == "POST" and form.is_valid() and _leave(request, form, user):
        return redirect("members")
    context = {
        "form": form,
        "held": held,
        "leaver": user,
        "line": find_member(organization=request.organization, public_id=public_id, today=today),
    }
    return render(request, "organizations/handover.html", context)


def _leave(request: MemberRequest, form: HandOverForm, user: User) -> bool:
    now, today = _now(request)
    try:
        counts = hand_over(
            organization=request.organization,
            user=user,
            successors=form.successors(),
            actor=_actor(request),
            today=today,
            now=now,
        )
    except LastMileError as refusal:
        tell(form, refusal)
        return False
    moved = sum(counts.values())
    handed = f" {moved} handed over." if moved else ""
    messages.success(request, f"{user.name} is no member any more.{handed}")
    return True


def _now(request: MemberRequest) -> tuple[datetime, date]:
    """This moment, and its day in the organization."""
    now = datetime.now(UTC)
    return now, now.astimezone(ZoneInfo(request.organization.time_zone)).date()


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)
