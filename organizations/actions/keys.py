"""API keys: create, replace, revoke, find by what a caller sends, count requests."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from organizations.actions.key_watch import forget_key, tell_leaked
from organizations.actions.queue import NotAMember
from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.keys import (
    LONGEST_LIFE,
    LONGEST_OVERLAP,
    LONGEST_SILENCE_DAYS,
)
from organizations.calculations.roles import Scope
from organizations.errors import Conflict, LastMileError
from organizations.models import ApiKey, Membership, User

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
    owner: User | None = None,
    pinned_source: str = "",
    pinned_initiative: str = "",
    lifetime: timedelta = LONGEST_LIFE,
    stale_after_days: int | None = None,
    follows: ApiKey | None = None,
) -> NewKey:
    """A new key. The owner is told of failures; a key may have none.

    Raises BadKeyRequest without scope or over 365 days, Conflict on a taken name, NotAMember.
    """
    if not scopes:
        raise BadKeyRequest("Choose at least one thing the key may do.", field="scopes")
    if not timedelta(days=1) <= lifetime <= LONGEST_LIFE:
        raise BadKeyRequest("A key lives between 1 and 365 days.", field="lifetime")
    if ApiKey.objects.filter(name=name, revoked_at=None).exists():
        raise Conflict("A live key of this name exists.", field="name", remedy="Revoke it first.")
    _must_answer(owner, stale_after_days)
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
        owner=owner,
        stale_after_days=stale_after_days,
        follows=follows,
    )
    changes = {"scopes": key.scopes, "expires_on": key.expires_on.isoformat()}
    _record(key, "key.created", actor, now, **changes)
    return NewKey(key=key, text=f"lm_{prefix}_{secret}")


def _must_answer(owner: User | None, stale_after_days: int | None) -> None:
    if owner is not None and not Membership.objects.filter(user=owner).exists():
        raise NotAMember("The owner of a key is a member of this organization.", field="owner")
    if stale_after_days is not None and not 1 <= stale_after_days <= LONGEST_SILENCE_DAYS:
        raise BadKeyRequest("Between 1 and 365 days of silence.", field="stale_after_days")


@transaction.atomic
def rotate_key(*, key: ApiKey, overlap: timedelta, by: User, actor: Actor, now: datetime) -> NewKey:
    """A new key with the name, scopes, pins, owner and span of life of an old one.

    The old one works on for `overlap` (0 to 30 days; 0: it ends at once) under a name that says it
    is old. Raises BadKeyRequest, Conflict when the key is over or was replaced before.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise BadKeyRequest("The old key works on for 0 to 30 days.", field="days")
    key = ApiKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if not _runs(key, now):
        raise Conflict("This key is over.", remedy="Make a new one.")
    if ApiKey.objects.filter(follows=key).exists():
        raise Conflict("This key has been replaced before.", remedy="Replace the newer one.")
    name, lifetime = key.name, key.expires_on - key.created_at.date()
    key.name = f"{name[:66]} (old {key.prefix[:6]})"
    key.expires_on = min(key.expires_on, (now + overlap).date())
    key.revoked_at = None if overlap else now
    key.save(update_fields=["name", "expires_on", "revoked_at"])
    new = create_key(
        organization_id=key.organization_id,
        name=name,
        scopes=[Scope(value) for value in key.scopes],
        actor=actor,
        now=now,
        created_by=by,
        owner=key.owner,
        pinned_source=key.pinned_source,
        pinned_initiative=key.pinned_initiative,
        lifetime=min(max(lifetime, timedelta(days=1)), LONGEST_LIFE),
        stale_after_days=key.stale_after_days,
        follows=key,
    )
    forget_key(key=key, outcome="Replaced by a new key", now=now)
    ends = key.expires_on.isoformat() if overlap else "at once"
    _record(key, "key.rotated", actor, now, to=str(new.key.public_id), ends=ends)
    return new


@transaction.atomic
def change_key(
    *,
    key: ApiKey,
    owner: User | None,
    stale_after_days: int | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Say who is told of a key, and after how many days silence is a fault (None: never).

    False when nothing changed. Raises NotAMember, BadKeyRequest.
    """
    _must_answer(owner, stale_after_days)
    asked = {"owner_id": owner.pk if owner else None, "stale_after_days": stale_after_days}
    changed = [name for name, value in asked.items() if getattr(key, name) != value]
    if not changed:
        return False
    ApiKey.objects.filter(pk=key.pk).update(**asked)
    # Whom it waits for, and whether it waits at all, is said anew by the next night.
    forget_key(key=key, outcome="The key was changed", now=now)
    fields = sorted(name.removesuffix("_id") for name in changed)
    _record(key, "key.changed", actor, now, fields=fields)
    return True


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: Actor, now: datetime) -> bool:
    """End a key at once. False when it had ended before."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now) != 1:
        return False
    forget_key(key=key, outcome="Revoked", now=now)
    _record(key, "key.revoked", actor, now)
    return True


@transaction.atomic
def burn_key(*, key: ApiKey, now: datetime) -> bool:
    """Revoke a key that stood in an address, and tell who answers for it. Inside the organization.

    False when it had been revoked meanwhile.
    """
    if not revoke_key(key=key, actor=SYSTEM, now=now):
        return False
    _record(key, "key.leaked", SYSTEM, now)
    tell_leaked(key=key, now=now)
    return True


def _record(key: ApiKey, action: str, actor: Actor, now: datetime, **changes: object) -> None:
    record(
        organization_id=key.organization_id,
        actor=actor,
        action=action,
        object_kind="api_key",
        object_id=key.public_id,
        changes=changes,
        now=now,
    )


def key_texts(text: str) -> list[str]:
    """Whatever in a text has the form of a key."""
    return [match[0] for match in _FORM.finditer(text)]


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
    return _runs(key, now) and key.organization.active


def _runs(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and key.expires_on >= now.date()


def count_request(*, key: ApiKey, now: datetime, network: str = "") -> Allowance:
    """Count one request in its minute. Raises TooManyRequests beyond the limit.

    network: where it came from, already cut to /24 or /48; kept once a minute at most.
    """
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
    if used == 1:
        _keep_network(key, minute.date(), network)
    if key.last_used_on != now.date():
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=now.date())
    return Allowance(limit=limit, remaining=limit - used, reset_seconds=reset)


def _keep_network(key: ApiKey, day: date, network: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organizations_keyday"
            " (organization_id, api_key_id, day, requests, network) VALUES (%s, %s, %s, 0, %s)"
            " ON CONFLICT (organization_id, api_key_id, day)"
            " DO UPDATE SET network = excluded.network"
            " WHERE organizations_keyday.network <> excluded.network",
            [key.organization_id, key.pk, day, network],
        )


def fold_minutes(*, before: datetime) -> int:
    """Add what the limiter counted before a moment to the days of the keys, and drop it.

    One statement: a request is counted in a minute or in a day, never in both or neither. For all
    organizations. Returns how many days were added to. Days are UTC.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS ("
            "  DELETE FROM organizations_keyminute WHERE minute < %s"
            "  RETURNING organization_id, api_key_id, minute, requests)"
            " INSERT INTO organizations_keyday"
            "  (organization_id, api_key_id, day, requests, network)"
            " SELECT organization_id, api_key_id, (minute AT TIME ZONE 'UTC')::date,"
            "        sum(requests), '' FROM gone GROUP BY 1, 2, 3"
            " ON CONFLICT (organization_id, api_key_id, day)"
            " DO UPDATE SET requests = organizations_keyday.requests + excluded.requests",
            [before],
        )
        return int(cursor.rowcount)
