"""What a login has: second factors, and the browsers it is signed in at."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings

from organizations.calculations.networks import network_of
from organizations.models import User

RECOVERY_CODE_COUNT = app_settings.RECOVERY_CODE_COUNT
# Codes for when the factor is lost: of no use without one.
RECOVERY = Authenticator.Type.RECOVERY_CODES
APP = Authenticator.Type.TOTP
PASSKEY = Authenticator.Type.WEBAUTHN


def has_second_factor(*, user_id: int, kind: str = "") -> bool:
    """An authenticator app or a passkey, or one of that kind."""
    factors = Authenticator.objects.filter(user_id=user_id).exclude(type=RECOVERY)
    return bool((factors.filter(type=kind) if kind else factors).exists())


@dataclass(frozen=True, kw_only=True)
class FactorReport:
    """The second factors of a login in numbers; `codes` is None before there are any."""

    app: bool
    passkeys: int
    codes: int | None

    @property
    def enrolled(self) -> bool:
        return self.app or self.passkeys > 0


def factor_report(*, user: User) -> FactorReport:
    """Reads the factors of one login."""
    factors = list(Authenticator.objects.filter(user_id=user.pk))
    kinds = [factor.type for factor in factors]
    codes = next((factor for factor in factors if factor.type == RECOVERY), None)
    return FactorReport(
        app=APP in kinds,
        passkeys=kinds.count(PASSKEY),
        codes=None if codes is None else RECOVERY_CODE_COUNT - codes.data["used_mask"].bit_count(),
    )


@dataclass(frozen=True, kw_only=True)
class SessionLine:
    """One browser somebody is signed in at."""

    id: int
    device: str
    network: str
    began_at: datetime
    seen_at: datetime
    current: bool


def session_lines(*, user: User, session_key: str | None, now: datetime) -> list[SessionLine]:
    """Live sessions, this one first, then the last seen. Ended ones are left out."""
    lines = [
        SessionLine(
            id=row.pk,
            device=row.user_agent,
            network=network_of(row.ip),
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            current=row.session_key == session_key,
        )
        for row in UserSession.objects.filter(user=user)
        if row.session_key == session_key or _is_live(row, now)
    ]
    return sorted(lines, key=lambda line: (not line.current, -line.seen_at.timestamp()))


def _is_live(row: UserSession, now: datetime) -> bool:
    idle = (now - row.last_seen_at).total_seconds()
    return bool(idle <= settings.SESSION_IDLE_SECONDS and row.exists())
