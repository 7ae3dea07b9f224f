"""Invite, send again, take back; and the page that an invitation opens."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions import invitations as act
from organizations.actions.members import RolesWanted
from organizations.adapters import note_sign_in
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError, NotFound
from organizations.forms.members import AcceptForm, InviteForm, invitation_state
from organizations.forms.telling import tell
from organizations.middleware import SESSION_KEY
from organizations.models import Invitation
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.invitations import STATE_WORDS, invitations_report, welcome_of
from organizations.reports.mail import sends_mail
from organizations.reports.offers import longest_facilitation


@require_GET
@page("see_members")
def invitations(request: MemberRequest) -> HttpResponse:
    """Who was invited, and what became of it."""
    now = datetime.now(UTC)
    report = invitations_report(
        state=invitation_state(request.GET), page=request.GET.get("page"), now=now
    )
    context = {"report": report, "states": STATE_WORDS, "now": now, **_mail(request)}
    return render(request, "organizations/invitations.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@page("manage_members")
@fresh
def member_invite(request: MemberRequest) -> HttpResponse:
    """Invite one or several addresses to the same roles."""
    today = datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _invite(request, form):
        return redirect("invitations")
    latest = longest_facilitation(organization_id=request.organization.pk, today=today)
    context = {"form": form, "facilitation_end": latest, "today": today, **_mail(request)}
    return render(request, "organizations/invite.html", context)


def _mail(request: MemberRequest) -> dict[str, Any]:
    """Whether links travel by themselves; what an example organization writes stays here."""
    return {"mail_leaves": sends_mail() and not request.organization.example}


def _invite(request: MemberRequest, form: InviteForm) -> bool:
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(request.organization.time_zone)).date()
    values = form.cleaned_data
    roles = frozenset(values["roles"])
    try:
        made = act.invite(
            inviting=_inviting(request),
            addresses=values["addresses"],
            wanted=RolesWanted(
                roles=roles, departments=form.chosen_departments(), until=values["until"]
            ),
            today=today,
            now=now,
        )
    except LastMileError as refusal:
        tell(form, refusal)
        return False
    noun = "person is" if len(made) == 1 else "people are"
    messages.success(request, f"{len(made)} {noun} invited. Each link works once, for seven days.")
    return True


def _inviting(request: MemberRequest) -> act.Inviting:
    site = request.build_absolute_uri("/").rstrip("/")
    return act.Inviting(organization=request.organization, by=request.user, site=site)


@require_POST
@page("manage_members")
@fresh
def invitation_resend(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Send a new link; the old one opens nothing any more."""
    found = get_object_or_404(Invitation.objects.all(), public_id=public_id)
    act.resend(inviting=_inviting(request), invitation=found, now=datetime.now(UTC))
    messages.success(request, "A new link is written. The old one opens nothing any more.")
    return redirect("invitations")


@require_POST
@page("manage_members")
@fresh
def invitation_revoke(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    found = get_object_or_404(Invitation.objects.all(), public_id=public_id)
    actor = Actor(kind="user", id=request.user.pk)
    if act.revoke(invitation=found, actor=actor, now=datetime.now(UTC)):
        messages.success(request, "Taken back. Its link opens nothing any more.")
    else:
        messages.info(request, "That invitation was over before.")
    return redirect("invitations")


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def invitation(request: Any, token: str) -> HttpResponse:
    """What the link opens: GET tells who invites and signs nobody in, POST accepts."""
    now = datetime.now(UTC)
    try:
        found = act.find_invitation(token=token, now=now)
        form = AcceptForm(request.POST or None, initial={"name": found.name})
        tried = request.method == "POST" and _may_accept(request, found, form)
        if tried and _accepted(request, found, form, now):
            return redirect("home")
    except NotFound as refusal:
        return render(
            request, "organizations/invitation_over.html", {"refusal": refusal}, status=404
        )
    context = {
        "welcome": welcome_of(invitation=found, now=now),
        "form": form,
        "mine": _is_mine(request, found),
    }
    return render(request, "organizations/invitation.html", context)


def _is_mine(request: Any, found: Invitation) -> bool:
    user = request.user
    return bool(user.is_authenticated and user.email.casefold() == found.email.casefold())


def _may_accept(request: Any, found: Invitation, form: AcceptForm) -> bool:
    """Somebody of the address who is signed in, or a stranger who has filled the form in."""
    if request.user.is_authenticated:
        return _is_mine(request, found)
    return form.is_valid()


def _accepted(request: Any, found: Invitation, form: AcceptForm, now: datetime) -> bool:
    """Become a member and act in that organization; a refusal stands in the form."""
    try:
        if request.user.is_authenticated:
            act.accept(invitation=found, user=request.user, now=now)
        else:
            values = form.cleaned_data
            user = act.accept_as_new(
                invitation=found, name=values["name"], password=values["password"], now=now
            )
            login(request, user)
            note_sign_in(request, user)
    except NotFound:
        raise
    except LastMileError as refusal:
        tell(form, refusal)
        return False
    request.session[SESSION_KEY] = str(found.organization.public_id)
    messages.success(request, f"Welcome to {found.organization.name}.")
    return True
