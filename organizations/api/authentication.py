"""API keys at the door: `Authorization: Bearer lm_…`, and the scope each view wants."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from organizations import scope
from organizations.actions.keys import KeyRefused, authenticate, count_request
from organizations.adapters import AccountAdapter
from organizations.calculations.actor import Actor
from organizations.calculations.networks import network_of
from organizations.errors import NotAllowed
from organizations.models import ApiKey


class Caller:
    """What DRF calls the user of a request: the key."""

    is_authenticated = True

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.pk = key.pk

    @property
    def actor(self) -> Actor:
        return Actor(kind="key", id=self.key.pk)


class KeyAuthentication(BaseAuthentication):
    """Sets the organization inside the scope that the middleware opened, and nothing else does."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey]:
        now = datetime.now(UTC)
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not text:
            raise KeyRefused(
                "This address wants an API key.", remedy="Send it as Authorization: Bearer lm_…"
            )
        key = authenticate(text=text.strip(), now=now)
        scope.enter(key.organization_id)
        http: Any = request._request
        address = AccountAdapter(http).get_client_ip(http)
        http.allowance = count_request(key=key, now=now, network=network_of(address))
        return Caller(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Last Mile"'


class HasScope(BasePermission):
    """The view names its scope as `required_scope`, or one per method in `required_scopes`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = getattr(view, "required_scopes", {}).get(
            request.method, getattr(view, "required_scope", None)
        )
        key = request.auth
        if needed is None or not isinstance(key, ApiKey) or needed not in key.scopes:
            raise NotAllowed(
                f"This key may not do that; it needs the scope {needed}.",
                remedy="Create a key with that scope under Data & import.",
            )
        return True


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "organizations.api.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "lm_<prefix>_<secret>"}
