"""Who did it: a user, an API key, or the system itself."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Actor:
    kind: str  # user, key, system
    id: int | None = None
    request_id: str = ""


SYSTEM = Actor(kind="system")
