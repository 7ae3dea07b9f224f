"""Doors that belong to no app: the way to one's first screen, health, refusals without a page."""

from datetime import UTC, datetime
from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from lastmile.health import checks
from lastmile.navigation import LANDING
from lastmile.sample import demo
from organizations.models import User
from organizations.reports.sign_on import any_usable


def home(request: Any) -> HttpResponse:
    """The first screen of the member's first role."""
    member = request.member
    if member is None or member.first_role is None:
        return redirect("no_organization")
    return redirect(LANDING[member.first_role])


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):  # type: ignore[misc]
    """Sign-in. Shows nothing of any organization; in demo mode the sample's logins."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.method == "GET" and not User.objects.exists():
            return redirect("welcome")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"demo_logins": _demo_logins(), "sign_on": any_usable()}


def _demo_logins() -> tuple[demo.DemoLogin, ...]:
    """The sample's logins, in demo mode only."""
    if not settings.LASTMILE_DEMO:
        return ()
    return next((one.logins for one in demo.read(folder=settings.DATA_DIR)), ())


@login_not_required
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "up"})


@login_not_required
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every part is there, else 503; what is missing is told on this machine only."""
    found = checks(now=datetime.now(UTC))
    ready = all(check.ok for check in found)
    body: dict[str, Any] = {"status": "ready" if ready else "not ready"}
    if request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1", ""):
        body["checks"] = {c.name: {"ok": c.ok, "note": c.note} for c in found}
    return JsonResponse(body, status=200 if ready else 503)


def too_many_tries(request: HttpRequest) -> HttpResponse:
    """The page of allauth's limits, all of which count a quarter of an hour."""
    headers = {"Retry-After": str(15 * 60)}
    return HttpResponse(render_to_string("429.html", request=request), status=429, headers=headers)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403.html", {"csrf": True}, status=403)
