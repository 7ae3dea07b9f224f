"""A key in an address ends in logs and histories: it is burned, so it is revoked."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse

from organizations import scope
from organizations.actions.keys import KeyRefused, authenticate, burn_key, key_texts
from organizations.api.problems import PROBLEM, document

API = "/api/"
# A request names one key by mistake; nobody needs more than a few of them looked up.
MOST_KEYS = 5


class KeyInAddressMiddleware:
    """Refuses every request to the API whose parameters hold a key, and revokes the key.

    The answer is the same whether the key lived or not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            found = _keys_in(request) if request.path.startswith(API) else []
        except TooManyFieldsSent:
            return _refused(
                code="bad_envelope",
                detail="The address has too many parameters.",
                remedy="Send the documented ones.",
            )
        if not found:
            return self.get_response(request)
        for text in found[:MOST_KEYS]:
            _burn(text, datetime.now(UTC))
        return _refused(
            code="key_in_address",
            detail="A key must not stand in an address. A live one has been revoked.",
            remedy="Create a new key and send it as Authorization: Bearer lm_…",
        )


def _refused(*, code: str, detail: str, remedy: str) -> HttpResponse:
    body = document(status=400, code=code, detail=detail, remedy=remedy)
    return JsonResponse(body, status=400, content_type=PROBLEM)


def _keys_in(request: HttpRequest) -> list[str]:
    """Keys among the names and values of parameters, each once."""
    texts = [text for name, values in request.GET.lists() for text in (name, *values)]
    return list(dict.fromkeys(key for text in texts for key in key_texts(text)))


def _burn(text: str, now: datetime) -> None:
    try:
        key = authenticate(text=text, now=now)
    except KeyRefused:
        return
    with scope.organization(key.organization_id):
        burn_key(key=key, now=now)
