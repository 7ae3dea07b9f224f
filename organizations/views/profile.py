"""One's own login: what one chose, and the browsers one is signed in at."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from organizations.actions.accounts import (
    CHOSEN,
    end_other_sessions,
    end_session,
    save_profile,
    save_theme,
)
from organizations.adapters import remember_theme
from organizations.errors import NotFound
from organizations.forms.profile import ProfileForm, SessionForm, ThemeForm
from organizations.reports.accounts import SessionLine, factor_report, session_lines


@never_cache
@require_http_methods(["GET", "POST"])
def profile(request: Any) -> HttpResponse:
    """What people choose for themselves. Open to every login, in whatever organization."""
    chosen = {name: getattr(request.user, name) for name in CHOSEN}
    form = ProfileForm(request.POST or None, initial=chosen)
    if request.method == "POST" and form.is_valid():
        save_profile(user=request.user, values=form.cleaned_data, now=datetime.now(UTC))
        messages.success(request, "Saved.")
        response = redirect("profile")
        remember_theme(response, theme=request.user.theme)
        return response
    now = datetime.now(UTC)
    context = {
        "form": form,
        "factors": factor_report(user=request.user),
        "sessions": len(_sessions(request, now)),
        "may_be_away": request.member is not None and request.member.may("name_stand_in"),
    }
    return render(request, "organizations/profile.html", context)


@require_POST
def keep_theme(request: Any) -> HttpResponse:
    """Keep the theme chosen in the top bar. Scripts are answered without a page."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    save_theme(user=request.user, theme=form.cleaned_data["theme"])
    back = request.headers.get("Accept") != "text/plain"
    response = redirect("profile") if back else HttpResponse(status=204)
    remember_theme(response, theme=request.user.theme)
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def sessions(request: Any) -> HttpResponse:
    """Browsers one is signed in at; POST ends all but this one, or the one it names."""
    now = datetime.now(UTC)
    if request.method == "POST":
        messages.success(request, _end(request, now))
        return redirect("usersessions_list")
    lines = _sessions(request, now)
    context = {"lines": lines, "others": len(lines) - 1, "now": now}
    return render(request, "usersessions/usersession_list.html", context)


def _sessions(request: Any, now: datetime) -> list[SessionLine]:
    return session_lines(user=request.user, session_key=request.session.session_key, now=now)


def _end(request: Any, now: datetime) -> str:
    if "session" not in request.POST:
        ended = end_other_sessions(user=request.user, keep=request.session.session_key, now=now)
        return f"Signed out in {ended} other browser{'' if ended == 1 else 's'}."
    form = SessionForm(request.POST)
    if not form.is_valid():
        raise NotFound("There is no such session any more.")
    end_session(user=request.user, session_id=form.cleaned_data["session"], now=now)
    return "That browser is signed out."
