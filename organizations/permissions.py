"""The signed-in member, and the guards of pages. Who may do what stands in calculations/matrix."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from organizations.calculations.matrix import ALLOWED, SEE_ALL_DEPARTMENTS
from organizations.calculations.roles import LABELS, Role, first_role
from organizations.calculations.second_factor import is_fresh
from organizations.errors import NotAllowed
from organizations.models import Organization, User
from organizations.reports.accounts import APP, has_second_factor

# The page to go back to once a second factor is set up.
GO_ON = "second_factor_go_on"
# Open to whoever still has to set a second factor up: acting in another organization.
WITHOUT_FACTOR = "see_home"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A signed-in user in one organization."""

    user: User
    organization: Organization
    roles: frozenset[Role]
    person_id: int | None = None
    department_ids: frozenset[int] = field(default_factory=frozenset)
    # Days until a second factor is due, 0 once overdue; None where none is missing.
    second_factor_days: int | None = None

    def may(self, action: str) -> bool:
        return bool(self.roles & ALLOWED[action])

    @property
    def first_role(self) -> Role | None:
        return first_role(self.roles)

    @property
    def role_label(self) -> str:
        role = self.first_role
        return LABELS[role] if role else ""

    @property
    def sees_all_departments(self) -> bool:
        return bool(self.roles & SEE_ALL_DEPARTMENTS)


class MemberRequest(HttpRequest):
    """The request as views take it, filled by the middleware."""

    user: User
    organization: Organization
    member: Member
    htmx: Any


View = Callable[..., HttpResponse]


def page(action: str) -> Callable[[View], View]:
    """A view for members who may do `action`; the crawler of the tests reads the name from it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            member = getattr(request, "member", None)
            if member is None:
                return _without_organization(request)
            if member.second_factor_days == 0 and action != WITHOUT_FACTOR:
                return _set_up_first(request, OVERDUE)
            if request.session.get(GO_ON) == request.get_full_path():
                del request.session[GO_ON]
            if not member.may(action):
                raise NotAllowed(
                    "Your role does not include this page.",
                    remedy="Ask an administrator of your organization for the role.",
                )
            return view(request, *args, **kwargs)

        guarded.permission = action  # type: ignore[attr-defined]
        return guarded

    return decorate


OVERDUE = "Your role here needs a second factor, and the week for setting it up is over."
NEEDED_NOW = "What you asked for needs a second factor. Set one up; it takes a minute."
NOT_SENT = "Nothing was changed. Confirm it is you, then send the form again."


def fresh(view: View) -> View:
    """Directly under @page: the act wants a second factor used within the last ten minutes.

    Put it on the page with the form too, so that the form is opened fresh: what a stale form
    sends is not kept, and its sender is told so.
    """

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.REQUIRE_MFA:
            return view(request, *args, **kwargs)
        if has_second_factor(user_id=request.user.pk):
            if _confirmed(request):
                return view(request, *args, **kwargs)
            return _confirm_first(request)
        if request.organization.require_mfa:
            return _set_up_first(request, NEEDED_NOW)
        return view(request, *args, **kwargs)

    return guarded


def _confirmed(request: HttpRequest) -> bool:
    now = time.time()
    return any(
        used["method"] == "mfa" and is_fresh(used_at=used["at"], now=now)
        for used in get_authentication_records(request, request.user)
    )


def _confirm_first(request: Any) -> HttpResponse:
    app = has_second_factor(user_id=request.user.pk, kind=APP)
    door = "mfa_reauthenticate" if app else "mfa_reauthenticate_webauthn"
    if request.method != "GET":
        messages.warning(request, NOT_SENT)
    return _lead(request, f"{reverse(door)}?{urlencode({'next': _way_back(request)})}")


def _set_up_first(request: Any, why: str) -> HttpResponse:
    messages.warning(request, why)
    request.session[GO_ON] = _way_back(request)
    return _lead(request, reverse("mfa_index"))


def _way_back(request: Any) -> str:
    """The page the member was on; what was posted to may have no page of its own."""
    if request.method == "GET" and not request.htmx:
        return str(request.get_full_path())
    came_from = request.htmx.current_url or request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    parts = urlsplit(came_from if ours else "/")
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _lead(request: Any, address: str) -> HttpResponse:
    """A redirect of the whole page, also when only a part of it was asked for."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _without_organization(request: HttpRequest) -> HttpResponseRedirect:
    return redirect("no_organization")
