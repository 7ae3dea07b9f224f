"""API keys: the list, a new one, and the end of one."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from organizations.actions.keys import NewKey, create_key, revoke_key
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.keys import KeyForm
from organizations.forms.telling import tell
from organizations.models import ApiKey
from organizations.permissions import MemberRequest, page
from organizations.reports.data import data_tabs, example_initiative
from organizations.reports.examples import CANONICAL, Sender, examples_for
from organizations.reports.keys import key_lines


@never_cache
@require_http_methods(["GET", "POST"])
@page("manage_keys")
def keys(request: MemberRequest) -> HttpResponse:
    """Keys of the organization; a new one is answered with its text, this once."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _show(request, _create(request, form))
        except LastMileError as refusal:
            tell(form, refusal)
    today = datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()
    context = {"form": form, "keys": key_lines(today=today), "tabs": data_tabs(today=today)}
    return render(request, "organizations/keys.html", context)


def _create(request: MemberRequest, form: KeyForm) -> NewKey:
    values = form.cleaned_data
    return create_key(
        organization_id=request.organization.pk,
        name=values["name"],
        scopes=values["scopes"],
        actor=Actor(kind="user", id=request.user.pk),
        now=datetime.now(UTC),
        created_by=request.user,
        pinned_source=values["pinned_source"],
        pinned_initiative=values["pinned_initiative"],
        lifetime=form.lifetime,
    )


def _show(request: MemberRequest, new: NewKey) -> HttpResponse:
    """The text of a key cannot be shown again, so it is in this answer and in no redirect."""
    now, zone = datetime.now(UTC), ZoneInfo(request.organization.time_zone)
    initiative = new.key.pinned_initiative or example_initiative()
    sender = Sender(
        site=request.build_absolute_uri("/").rstrip("/"),
        key=new.text,
        scopes=new.key.scopes,
        initiative=initiative,
        source=new.key.pinned_source or CANONICAL,
    )
    examples = examples_for(sender=sender, today=now.astimezone(zone).date())
    context = {
        "new": new,
        "rows": [example for example in examples if not example.file],
        "files": [example for example in examples if example.file],
        "has_initiative": bool(initiative),
    }
    return render(request, "organizations/key_created.html", context)


@require_POST
@page("manage_keys")
def key_revoke(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey.objects.all(), public_id=public_id)
    revoked = revoke_key(
        key=key, actor=Actor(kind="user", id=request.user.pk), now=datetime.now(UTC)
    )
    if revoked:
        messages.success(request, f"{key.name} is revoked. Requests with it are refused now.")
    else:
        messages.info(request, f"{key.name} had been revoked before.")
    return redirect("keys")
