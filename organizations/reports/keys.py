"""API keys as pages show them: never more than their public part."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from organizations.calculations.roles import Scope
from organizations.models import ApiKey

QUIET_AFTER = timedelta(days=30)
ENDS_SOON = timedelta(days=14)

SCOPE_WORDS = {
    Scope.INGEST_USAGE: "Send usage",
    Scope.INGEST_PEOPLE: "Send people and departments",
    Scope.INGEST_INITIATIVES: "Send initiatives",
    Scope.INGEST_ELIGIBILITY: "Send who may use what",
    Scope.READ_ADOPTION: "Read adoption figures",
    Scope.READ_PORTFOLIO: "Read initiatives",
    Scope.READ_SPRINT: "Read the sprint",
    Scope.READ_BATCHES: "Read its batches and their row errors",
}


class KeyState(StrEnum):
    ACTIVE = "active"
    NEW = "new"
    QUIET = "quiet"
    ENDS_SOON = "ends soon"
    ENDED = "ended"
    REVOKED = "revoked"


TONES = {
    KeyState.ACTIVE: "ok",
    KeyState.NEW: "info",
    KeyState.QUIET: "warn",
    KeyState.ENDS_SOON: "warn",
    KeyState.ENDED: "line",
    KeyState.REVOKED: "line",
}


@dataclass(frozen=True, kw_only=True)
class KeyLine:
    public_id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    pinned_source: str
    pinned_initiative: str
    last_used_on: date | None
    expires_on: date
    state: KeyState
    days_left: int

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def words(self) -> str:
        if self.state is KeyState.ENDS_SOON:
            return f"Ends in {self.days_left} {'day' if self.days_left == 1 else 'days'}"
        if self.state is KeyState.NEW:
            return "Never used"
        return self.state.value.capitalize()

    @property
    def live(self) -> bool:
        return self.state not in (KeyState.ENDED, KeyState.REVOKED)


def key_lines(*, today: date) -> tuple[KeyLine, ...]:
    """Keys of the organization in force, live ones first, then the newest. One query."""
    lines = (_line(key, today) for key in ApiKey.objects.order_by("-created_at", "-pk"))
    return tuple(sorted(lines, key=lambda line: not line.live))


def _line(key: ApiKey, today: date) -> KeyLine:
    return KeyLine(
        public_id=key.public_id,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(key.scopes),
        pinned_source=key.pinned_source,
        pinned_initiative=key.pinned_initiative,
        last_used_on=key.last_used_on,
        expires_on=key.expires_on,
        state=_state(key, today),
        days_left=(key.expires_on - today).days,
    )


def _state(key: ApiKey, today: date) -> KeyState:
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if key.expires_on < today:
        return KeyState.ENDED
    if key.expires_on - today <= ENDS_SOON:
        return KeyState.ENDS_SOON
    if key.last_used_on is None:
        return KeyState.NEW
    return KeyState.QUIET if today - key.last_used_on > QUIET_AFTER else KeyState.ACTIVE
