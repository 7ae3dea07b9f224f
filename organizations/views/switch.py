"""Which organization a person acts in, and what to do without one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from organizations.errors import NotFound
from organizations.forms.welcome import SwitchForm
from organizations.middleware import SESSION_KEY
from organizations.permissions import page


@require_POST
@page("see_home")
def switch(request: Any) -> HttpResponse:
    """Act in another of one's own organizations from now on."""
    form = SwitchForm(request.POST)
    chosen = str(form.cleaned_data["organization"]) if form.is_valid() else ""
    if chosen not in request.memberships:
        raise NotFound("You belong to no organization of this address.")
    request.session[SESSION_KEY] = chosen
    return redirect("home")


@require_GET
def no_organization(request: HttpRequest) -> HttpResponse:
    """A login without a role anywhere; members are sent home."""
    if getattr(request, "member", None) is not None:
        return redirect("home")
    return render(request, "organizations/no_organization.html")
