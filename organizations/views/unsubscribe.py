"""The way out of the digest, without signing in: a look changes nothing, the button does."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from organizations import scope
from organizations.actions.digest import leaving_of, switch_off
from organizations.errors import NotFound

PAGE = "organizations/unsubscribe.html"


# Mail programs post here on their own (RFC 8058), so there is no form to carry a token of ours;
# what the signed address can do is all that a forged request could.
@csrf_exempt
@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def unsubscribe(request: Any, token: str) -> HttpResponse:
    """Switch the digest of the address off. GET only asks."""
    try:
        leaving = leaving_of(token=token)
    except NotFound:
        return render(request, PAGE, {"over": True}, status=404)
    if request.method == "POST":
        with scope.organization(leaving.organization.pk):
            switch_off(leaving=leaving, now=datetime.now(UTC))
    answer = render(request, PAGE, {"done": request.method == "POST"})
    answer["Referrer-Policy"] = "no-referrer"
    return answer
