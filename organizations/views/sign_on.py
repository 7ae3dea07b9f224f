"""Sign-on by a provider: the way in, and its settings."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.sign_on import (
    SignOnValues,
    add_sign_on,
    change_sign_on,
    endpoints,
    forget_ties,
    remove_sign_on,
    switch_sign_on,
)
from organizations.adapters import SignOnRoad
from organizations.calculations.actor import Actor
from organizations.calculations.issuers import origin_of
from organizations.errors import LastMileError
from organizations.forms.sign_on import FindForm, SignOnForm
from organizations.forms.telling import tell
from organizations.models import SignOn
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.sign_on import (
    for_address,
    issuer_of,
    issuers,
    sign_on_lines,
    usable,
)
from organizations.sources.oidc import SignOnFault

GONE = "This sign-on link opens nothing. Type your address to find the right one."


# --- the way in ---------------------------------------------------------------------------------
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def find(request: Any) -> HttpResponse:
    """Which provider answers for an address; nothing of any organization is shown."""
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = for_address(form.cleaned_data["email"])
        if found:
            return _choose(request, found)
        form.add_error(
            "email", "No sign-on is set up for addresses of this domain. Use your password."
        )
    context = {"form": form, "next": _next(request)}
    return render(request, "organizations/sign_on_find.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def start(request: Any, provider_id: str) -> HttpResponse:
    """Leave for a provider. By POST only, so that no link signs anybody in."""
    sign_on = usable(slug=provider_id)
    if sign_on is None:
        return _gone(request)
    if request.method == "GET" or not _answers(sign_on):
        return _choose(request, [sign_on])
    provider = get_adapter(request).get_provider(request, provider=provider_id)
    leave: HttpResponse = provider.redirect(
        request, process=AuthProcess.LOGIN, next_url=_next(request) or None
    )
    return leave


@login_not_required
@never_cache
@require_GET
def come_back(request: Any, provider_id: str) -> HttpResponse:
    """Where a provider sends people back to, with a code or with its refusal."""
    if usable(slug=provider_id) is None:
        return _gone(request)
    view = OAuth2CallbackView.adapter_view(SignOnRoad(request, provider_id))
    answer: HttpResponse = view(request)
    return answer


@login_not_required
@require_GET
def cancelled(request: Any) -> HttpResponse:
    """Somebody said no at the provider."""
    messages.info(request, "You cancelled the sign-in at your provider.")
    return redirect("account_login")


def _gone(request: Any) -> HttpResponse:
    messages.info(request, GONE)
    return redirect("sign_on_find")


def _choose(request: Any, found: list[SignOn]) -> HttpResponse:
    """A button per provider. The content policy lets this page's forms lead to them."""
    ways = [(sign_on, _answers(sign_on)) for sign_on in found]
    context = {"ways": ways, "next": _next(request)}
    answer = render(request, "organizations/sign_on_choose.html", context)
    answer._csp_update = {"form-action": [origin for _, origin in ways if origin]}  # type: ignore[attr-defined]
    return answer


def _answers(sign_on: SignOn) -> str:
    """The origin a provider takes sign-ins at; "" when it does not answer."""
    issuer = issuer_of(sign_on)
    try:
        return origin_of(endpoints(issuer).authorization) if issuer else ""
    except SignOnFault:
        return ""


def _next(request: Any) -> str:
    """The page of ours to go on to."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else ""


# --- settings -----------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "POST"])
@page("manage_sign_on")
@fresh
def sign_on(request: MemberRequest) -> HttpResponse:
    """The providers of the organization, and a new one."""
    form = SignOnForm(request.POST or None, issuers=issuers())
    if request.method == "POST" and form.is_valid():
        try:
            made = add_sign_on(
                organization_id=request.organization.pk, values=_values(form), **_who(request)
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"{made.name} is on. Register its return address there.")
            return redirect("sign_on_one", public_id=made.public_id)
    context = {"form": form, "lines": sign_on_lines(site=_site(request)), "issuers": issuers()}
    return render(request, "organizations/sign_on.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@page("manage_sign_on")
@fresh
def sign_on_one(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """One provider: what to register there, and what may change."""
    row = get_object_or_404(SignOn.objects.all(), public_id=public_id)
    form = SignOnForm(request.POST or None, issuers=issuers(), stored=True, initial=_shown(row))
    if request.method == "POST" and form.is_valid():
        try:
            change_sign_on(sign_on=row, values=_values(form), **_who(request))
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("sign_on_one", public_id=public_id)
    lines = sign_on_lines(site=_site(request))
    context = {"form": form, "line": next(x for x in lines if x.public_id == public_id)}
    return render(request, "organizations/sign_on_one.html", context)


@require_POST
@page("manage_sign_on")
@fresh
def sign_on_switch(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Switch a provider on or off."""
    row = get_object_or_404(SignOn.objects.all(), public_id=public_id)
    enabled = request.POST.get("enabled") == "1"
    switch_sign_on(sign_on=row, enabled=enabled, **_who(request))
    words = "on" if enabled else "off; sessions it began act nowhere now"
    messages.success(request, f"{row.name} is {words}.")
    return redirect("sign_on_one", public_id=public_id)


@require_POST
@page("manage_sign_on")
@fresh
def sign_on_untie(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Forget which account of the provider is whose."""
    row = get_object_or_404(SignOn.objects.all(), public_id=public_id)
    count = forget_ties(sign_on=row, **_who(request))
    messages.success(request, f"Ties forgotten: {count}. The next sign-in goes by address.")
    return redirect("sign_on_one", public_id=public_id)


@require_POST
@page("manage_sign_on")
@fresh
def sign_on_remove(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Remove a provider that is off."""
    row = get_object_or_404(SignOn.objects.all(), public_id=public_id)
    remove_sign_on(sign_on=row, **_who(request))
    messages.success(request, f"{row.name} is removed.")
    return redirect("sign_on")


def _who(request: MemberRequest) -> dict[str, Any]:
    return {"actor": Actor(kind="user", id=request.user.pk), "now": datetime.now(UTC)}


def _values(form: SignOnForm) -> SignOnValues:
    return SignOnValues(**form.cleaned_data)


def _shown(row: SignOn) -> dict[str, str]:
    names = ("name", "issuer", "client_id")
    return {name: getattr(row, name) for name in names} | {"domains": ", ".join(row.domains)}


def _site(request: MemberRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
