"""What happens to a login: it signs in, its factors and its password change, its sessions end.

A login belongs to no organization, so each entry of the audit trail is written once in every
organization in which it is a member. No entry holds an address, a name or a code.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction

from organizations.actions.trail import record
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.devices import device_words
from organizations.calculations.networks import network_of
from organizations.errors import NotFound
from organizations.models import Membership, User

CHOSEN = ("name", "language", "time_zone", "number_format", "theme", "digest")
# Stands for "not known": the column wants an address.
NOWHERE = "::"


def note(
    *,
    user: User,
    action: str,
    now: datetime,
    changes: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
) -> int:
    """Tell every organization of the login, who acts unless somebody else is named.

    Returns how many organizations there are.
    """
    organizations = _organizations(user, now)
    with transaction.atomic():
        # In one order everywhere: two sign-ins of consultants never wait for each other in turn.
        for organization_id in organizations:
            record(
                organization_id=organization_id,
                actor=actor or Actor(kind="user", id=user.pk),
                action=action,
                object_kind="user",
                object_id=user.public_id,
                changes=changes,
                now=now,
            )
    return len(organizations)


def _organizations(user: User, now: datetime) -> list[int]:
    rows = Membership.unscoped.filter(user=user, organization__active=True).exclude(
        until__lt=now.date()
    )
    return sorted(set(rows.values_list("organization_id", flat=True)))


@transaction.atomic
def sign_in(*, user: User, methods: Iterable[str], now: datetime) -> None:
    """Note a sign-in by these methods; the first one starts the time for a second factor."""
    if user.first_signed_in_at is None:
        User.objects.filter(pk=user.pk, first_signed_in_at=None).update(first_signed_in_at=now)
        user.first_signed_in_at = now
    note(user=user, action="user.signed_in", now=now, changes={"by": sorted(set(methods))})


def refuse_sign_in(*, email: str, now: datetime) -> None:
    """Note a wrong password for an address that has a login; an unknown address is nobody's."""
    user = User.objects.filter(email__iexact=email).first()
    if user is not None:
        note(user=user, action="user.sign_in_failed", now=now)


@transaction.atomic
def remove_second_factor(*, user: User, now: datetime) -> int:
    """The operator takes every factor from a login that lost them, and ends its sessions.

    Returns how many there were, recovery codes counted as one.
    """
    removed, _ = Authenticator.objects.filter(user=user).delete()
    _delete(list(UserSession.objects.filter(user=user)))
    note(
        user=user,
        action="second_factor.removed",
        now=now,
        changes={"factors": removed},
        actor=SYSTEM,
    )
    return int(removed)


@transaction.atomic
def save_profile(*, user: User, values: Mapping[str, str], now: datetime) -> None:
    """Keep what somebody chose. The trail holds the names of the fields that changed."""
    changed = [name for name in CHOSEN if name in values and getattr(user, name) != values[name]]
    if not changed:
        return
    for name in changed:
        setattr(user, name, values[name])
    user.save(update_fields=changed)
    note(user=user, action="profile.changed", now=now, changes={"fields": sorted(changed)})


def save_theme(*, user: User, theme: str) -> None:
    """Keep light or dark. No entry: which colours somebody likes is no business of the trail."""
    User.objects.filter(pk=user.pk).update(theme=theme)
    user.theme = theme


def keep_session(
    *, user: User, session_key: str, address: str, user_agent: str, now: datetime
) -> None:
    """Keep where and by what a session was last used: its network and its browser in words."""
    seen = {
        "user": user,
        "ip": network_of(address).partition("/")[0] or NOWHERE,
        "user_agent": device_words(user_agent),
        "last_seen_at": now,
    }
    UserSession.objects.update_or_create(
        session_key=session_key, defaults=seen, create_defaults=seen | {"created_at": now}
    )


def move_session(*, old_key: str, new_key: str) -> None:
    """The same session under a new key."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


@transaction.atomic
def end_session(*, user: User, session_id: int, now: datetime) -> None:
    """End one of somebody's own sessions. Raises NotFound for any other."""
    row = UserSession.objects.filter(user=user, pk=session_id).first()
    if row is None:
        raise NotFound("There is no such session any more.")
    _delete([row])
    note(user=user, action="sessions.ended", now=now, changes={"sessions": 1})


@transaction.atomic
def end_other_sessions(*, user: User, keep: str | None, now: datetime) -> int:
    """End every session of the login but the one kept. Returns how many ended."""
    rows = list(UserSession.objects.filter(user=user).exclude(session_key=keep or ""))
    _delete(rows)
    if rows:
        note(user=user, action="sessions.ended", now=now, changes={"sessions": len(rows)})
    return len(rows)


def sweep_sessions(*, now: datetime, organization_id: int | None = None) -> int:
    """Delete what ended by itself: sessions past their twelve hours, and idle ones.

    A step of the night. Sessions belong to no organization: whichever night comes first sweeps.
    """
    _store().clear_expired()
    idle_since = now - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    ended = list(UserSession.objects.filter(last_seen_at__lt=idle_since))
    _delete(ended)
    return len(ended)


def _delete(rows: list[UserSession]) -> None:
    for row in rows:
        _store().delete(row.session_key)
    UserSession.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore()
