"""One person of the directory, and the changes that a member makes by hand."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.person import (
    add_alias,
    clear_leave,
    end_employment,
    move_person,
    set_leave,
)
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError, NotFound
from organizations.forms.person import FORMS, Change, ClearLeaveForm
from organizations.forms.telling import member_of, tell
from organizations.models import Person
from organizations.permissions import MemberRequest, page
from organizations.reports.person import find_person_page, person_report


def _today(request: MemberRequest) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


@require_GET
@page("see_people")
def person(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """What the directory holds of somebody. Nothing of anybody's usage."""
    found = find_person_page(public_id=public_id)
    return _shown(request, found, {change: form() for change, form in FORMS.items()})


def _shown(
    request: MemberRequest, found: Person, filled: dict[Change, forms.Form], status: int = 200
) -> HttpResponse:
    context = {
        "report": person_report(person=found, today=_today(request)),
        "forms": {change.value: form for change, form in filled.items()},
        "may_change": request.member.may("import_people"),
        "today": _today(request),
    }
    return render(request, "organizations/person.html", context, status=status)


@require_POST
@page("import_people")
def person_change(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Move, send on leave, end, or name somebody; the button says which."""
    found = find_person_page(public_id=public_id)
    change = member_of(Change, request.POST.get("change", ""))
    if change is None:
        raise NotFound("There is no such change.")
    filled = {other: form() for other, form in FORMS.items()}
    filled[change] = FORMS[change](request.POST)
    if filled[change].is_valid():
        try:
            done = _do(request, found, change, filled[change].cleaned_data)
        except LastMileError as refusal:
            tell(filled[change], refusal)
        else:
            _say(request, found, done=done)
            return redirect("person", public_id=public_id)
    return _shown(request, found, filled)


def _do(request: MemberRequest, found: Person, change: Change, said: dict[str, Any]) -> bool:
    whom: dict[str, Any] = {
        "person": found,
        "actor": _actor(request),
        "now": datetime.now(UTC),
    }
    if change is Change.MOVE:
        return move_person(
            department=said["department"], first=said["first"], last=said["last"], **whom
        )
    if change is Change.LEAVE:
        return set_leave(first=said["first"], last=said["last"], **whom)
    if change is Change.END:
        return end_employment(last_day=said["last"], **whom)
    kind, _, value = said["alias"].partition(":")
    # A user principal name is an address by which one may be found.
    return add_alias(kind="email" if kind == "upn" else kind, value=value, **whom)


def _say(request: MemberRequest, found: Person, *, done: bool) -> None:
    if done:
        messages.success(request, f"{found.name} is changed. Figures follow within a minute.")
    else:
        messages.info(request, "That was known already. Nothing has changed.")


@require_POST
@page("import_people")
def person_leave_clear(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Take a leave back that was never taken."""
    found, form = find_person_page(public_id=public_id), ClearLeaveForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That is not a day. Nothing has changed.")
        return redirect("person", public_id=public_id)
    done = clear_leave(
        person=found,
        first=form.cleaned_data["first"],
        actor=_actor(request),
        now=datetime.now(UTC),
    )
    _say(request, found, done=done)
    return redirect("person", public_id=public_id)
