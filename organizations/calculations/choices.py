"""What people and organizations may choose, as stored and as said."""

from enum import StrEnum


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class NumberFormat(StrEnum):
    """How a thousand and a tenth are written; named by an example of 1234.5."""

    COMMA_POINT = "comma_point"
    POINT_COMMA = "point_comma"
    SPACE_COMMA = "space_comma"
    APOSTROPHE_POINT = "apostrophe_point"


class Digest(StrEnum):
    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"


class ChampionSees(StrEnum):
    """Whether a champion may see the name of somebody of the own department (SECURITY R5)."""

    CONSENT = "consent"
    INFORMED = "informed"
    NEVER = "never"


class ItemState(StrEnum):
    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class ApprovalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class MailState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    KEPT = "kept"
    FAILED = "failed"


class RequestKind(StrEnum):
    EXPORT = "export"
    ERASE = "erase"
    CORRECT = "correct"


class RequestState(StrEnum):
    ASKED = "asked"
    APPROVING = "approving"
    DONE = "done"
    DECLINED = "declined"


class ChangeKind(StrEnum):
    """What applying a people file would do to somebody."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"
    CONFLICT = "conflict"
