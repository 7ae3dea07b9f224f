"""API keys: create, revoke, find by what a caller sends, count requests."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.roles import Scope
from organizations.errors import Conflict, LastMileError
from organizations.models import ApiKey, User

LONGEST_LIFE = timedelta(days=365)
_FORM = re.compile(r"lm_([A-Za-z0-9]{10})_([A-Za-z0-9_-]{43})")


class KeyRefused(LastMileError):
    """Unknown, expired and revoked give the same answer."""

    code = "key_refused"
    status = 401


class TooManyRequests(LastMileError):
    code = "too_many_requests"
    status = 429


class BadKeyRequest(LastMileError):
    code = "bad_key_request"


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key and its text, which is shown this once."""

    key: ApiKey
    text: str


@dataclass(frozen=True, kw_only=True)
class Allowance:
    limit: int
    remaining: int
    reset_seconds: int


def secret_hash(secret: str) -> str:
    """Keyed hash of a secret of 256 random bits; a fast hash is right for those."""
    key = hashlib.sha256(b"api-key|" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def create_key(
    *,
    organization_id: int,
    name: str,
    scopes: list[Scope],
    actor: Actor,
    now: datetime,
    created_by: User | None = None,
    pinned_source: str = "",
    pinned_initiative: str = "",
    lifetime: timedelta = LONGEST_LIFE,
) -> NewKey:
    """A new key. Raises BadKeyRequest without scope or over 365 days, Conflict on a taken name."""
    if not scopes:
        raise BadKeyRequest("Choose at least one thing the key may do.", field="scopes")
    if not timedelta(days=1) <= lifetime <= LONGEST_LIFE:
        raise BadKeyRequest("A key lives between 1 and 365 days.", field="lifetime")
    if ApiKey.objects.filter(name=name, revoked_at=None).exists():
        raise Conflict("A live key of this name exists.", field="name", remedy="Revoke it first.")
    prefix = "".join(
        secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
        for _ in range(10)
    )
    secret = secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        organization_id=organization_id,
        name=name,
        prefix=prefix,
        secret_hash=secret_hash(secret),
        scopes=sorted(scope.value for scope in scopes),
        pinned_source=pinned_source,
        pinned_initiative=pinned_initiative,
        expires_on=(now + lifetime).date(),
        created_by=created_by,
    )
    record(
        organization_id=organization_id,
        actor=actor,
        action="key.created",
        object_kind="api_key",
        object_id=key.public_id,
        changes={"scopes": key.scopes, "expires_on": key.expires_on.isoformat()},
        now=now,
    )
    return NewKey(key=key, text=f"lm_{prefix}_{secret}")


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: Actor, now: datetime) -> bool:
    """End a key at once. False when it had ended before."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now) != 1:
        return False
    record(
        organization_id=key.organization_id,
        actor=actor,
        action="key.revoked",
        object_kind="api_key",
        object_id=key.public_id,
        now=now,
    )
    return True


def authenticate(*, text: str, now: datetime) -> ApiKey:
    """The live key behind a bearer text. Raises KeyRefused.

    Runs before any organization is in force, hence the unscoped look-up by the public prefix.
    """
    match = _FORM.fullmatch(text)
    key = (
        ApiKey.unscoped.select_related("organization").filter(prefix=match[1]).first()
        if match
        else None
    )
    # Hashing happens for unknown prefixes as well, so that time tells nothing.
    own = secret_hash(match[2] if match else "")
    right = hmac.compare_digest(own, key.secret_hash if key else "0" * 64)
    if key is None or not right or not _lives(key, now):
        raise KeyRefused(
            "This key is not valid.", remedy="Check it, or create a new one under Data & import."
        )
    return key


def _lives(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and key.expires_on >= now.date() and key.organization.active


def count_request(*, key: ApiKey, now: datetime) -> Allowance:
    """Count one request in its minute. Raises TooManyRequests beyond the limit."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organizations_keyminute (organization_id, api_key_id, minute, requests)"
            " VALUES (%s, %s, %s, 1) ON CONFLICT (organization_id, api_key_id, minute)"
            " DO UPDATE SET requests = organizations_keyminute.requests + 1 RETURNING requests",
            [key.organization_id, key.pk, minute],
        )
        (used,) = cursor.fetchone()
    limit = settings.KEY_REQUESTS_PER_MINUTE
    reset = 60 - now.second
    if used > limit:
        raise TooManyRequests(
            f"More than {limit} requests in a minute.", remedy=f"Wait {reset} seconds."
        )
    if key.last_used_on != now.date():
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=now.date())
    return Allowance(limit=limit, remaining=limit - used, reset_seconds=reset)
