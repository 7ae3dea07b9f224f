"""The first visit: the organization, the first login, and what is still to be set up."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from organizations.actions.tenant import NewLogin, found_installation
from organizations.adapters import note_sign_in
from organizations.errors import LastMileError, NotAllowed
from organizations.forms.telling import tell
from organizations.forms.welcome import WelcomeForm
from organizations.middleware import SESSION_KEY
from organizations.models import Organization, User
from organizations.permissions import MemberRequest, page
from organizations.reports.setup import setup_report

LOOPBACK = ("127.0.0.1", "::1")
# Set by whatever passes requests on: then the address is the proxy's and tells nothing.
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """Create the organization and its first login, once, from this machine only."""
    if User.objects.exists():
        return redirect("home")
    if not _from_this_machine(request):
        raise NotAllowed(
            "The first login is made on the machine that runs Last Mile.",
            remedy="Open this address there, by http://127.0.0.1 and its port.",
        )
    form = WelcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            organization, user = _found(form.cleaned_data)
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            login(request, user)
            note_sign_in(request, user)
            request.session[SESSION_KEY] = str(organization.public_id)
            return redirect("setup")
    return render(request, "organizations/welcome.html", {"form": form})


def _found(values: dict[str, Any]) -> tuple[Organization, User]:
    return found_installation(
        name=values["organization"],
        time_zone=values["time_zone"],
        currency=values["currency"],
        login=NewLogin(email=values["email"], name=values["name"], password=values["password"]),
        now=datetime.now(UTC),
    )


def _from_this_machine(request: HttpRequest) -> bool:
    passed_on = any(name in request.META for name in FORWARDED)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not passed_on


@require_GET
@page("see_data")
def setup(request: MemberRequest) -> HttpResponse:
    """The steps of the first set-up, each with what is there already."""
    report = setup_report(organization=request.organization)
    return render(request, "organizations/setup.html", {"report": report})
