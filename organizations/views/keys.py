"""API keys: the list, a new one, one with its use, its replacement and its end."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.keys import NewKey, change_key, create_key, revoke_key, rotate_key
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.keys import KeyForm, RotateForm, ToldForm
from organizations.forms.telling import tell
from organizations.models import ApiKey
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.data import data_tabs, example_initiative
from organizations.reports.examples import CANONICAL, Sender, examples_for
from organizations.reports.keys import key_lines, key_report


@never_cache
@require_http_methods(["GET", "POST"])
@page("manage_keys")
@fresh
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
        actor=_actor(request),
        now=datetime.now(UTC),
        created_by=request.user,
        pinned_source=values["pinned_source"],
        pinned_initiative=values["pinned_initiative"],
        owner=values["owner"] or request.user,
        stale_after_days=values["stale_after_days"],
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


@require_GET
@page("manage_keys")
@fresh
def key(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """One key: what it did in the last 30 days, who is told of it, its replacement and end."""
    found = get_object_or_404(ApiKey.objects.all(), public_id=public_id)
    return _page(request, found, told=ToldForm.of(found), rotate=RotateForm())


@require_POST
@page("manage_keys")
@fresh
def key_change(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Say who is told of a key, and when its silence is a fault."""
    found = get_object_or_404(ApiKey.objects.all(), public_id=public_id)
    form = ToldForm.of(found, request.POST)
    if form.is_valid():
        try:
            changed = change_key(
                key=found, actor=_actor(request), now=datetime.now(UTC), **form.cleaned_data
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Kept." if changed else "Nothing was changed.")
            return redirect("key", public_id)
    return _page(request, found, told=form, rotate=RotateForm())


@never_cache
@require_POST
@page("manage_keys")
@fresh
def key_rotate(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Replace a key; the answer shows the new one, this once."""
    found = get_object_or_404(ApiKey.objects.all(), public_id=public_id)
    form = RotateForm(request.POST)
    if form.is_valid():
        try:
            new = rotate_key(
                key=found,
                overlap=form.overlap,
                by=request.user,
                actor=_actor(request),
                now=datetime.now(UTC),
            )
            return _show(request, new)
        except LastMileError as refusal:
            tell(form, refusal)
    return _page(request, found, told=ToldForm.of(found), rotate=form)


def _page(
    request: MemberRequest, key: ApiKey, *, told: ToldForm, rotate: RotateForm
) -> HttpResponse:
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(request.organization.time_zone)).date()
    context = {
        "report": key_report(key=key, today=today, now=now),
        "told": told,
        "rotate": rotate,
        "tabs": data_tabs(today=today),
    }
    return render(request, "organizations/key.html", context)


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


@require_POST
@page("manage_keys")
@fresh
def key_revoke(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey.objects.all(), public_id=public_id)
    revoked = revoke_key(key=key, actor=_actor(request), now=datetime.now(UTC))
    if revoked:
        messages.success(request, f"{key.name} is revoked. Requests with it are refused now.")
    else:
        messages.info(request, f"{key.name} had been revoked before.")
    return redirect("keys")
