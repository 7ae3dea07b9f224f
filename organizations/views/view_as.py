"""Look at the example organization as any role, read only."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from organizations.actions.view_as import start, stop
from organizations.errors import NotFound
from organizations.forms.members import ViewAsForm
from organizations.middleware import VIEW_AS
from organizations.permissions import MemberRequest, page


@require_POST
@page("view_as")
def view_as(request: MemberRequest) -> HttpResponse:
    """See pages as another role from now on, until stopped."""
    form = ViewAsForm(request.POST)
    if not request.organization.example or not form.is_valid():
        raise NotFound("Only the example organization is seen as another role.")
    role = form.cleaned_data["role"]
    start(organization=request.organization, user=request.user, role=role, now=datetime.now(UTC))
    request.session[VIEW_AS] = [str(request.organization.public_id), role.value]
    return redirect("home")


@require_POST
@page("see_home")
def view_as_stop(request: MemberRequest) -> HttpResponse:
    """Back to one's own roles."""
    if request.session.pop(VIEW_AS, None):
        stop(organization=request.organization, user=request.user, now=datetime.now(UTC))
        messages.success(request, "You see pages as yourself again.")
    return redirect("home")
