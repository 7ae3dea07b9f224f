"""The three signs that are never mixed: a known figure, an unknown one, a suppressed one.

Zero is a known figure. Unknown means that no source said so. Suppressed means that it is known and
not shown, because the group is small; the words are the same for a small cell and for one hidden
to protect another.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Sign(StrEnum):
    KNOWN = "known"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True)
class Shown:
    """What a page may say about one figure. ``value`` is None unless the sign is known."""

    sign: Sign
    value: Any = None
    reason: str = ""


def shown(value: Any, *, status: str = "", reason: str = "") -> Shown:
    """Decide the sign of a figure. Without a status, None is unknown and all else is known.

    A suppressed value is dropped here, so that no template can print it by mistake. Raises
    ValueError for a status that is none of the three words.
    """
    sign = Sign(status or Sign.KNOWN)
    if sign is Sign.KNOWN and value is None:
        sign = Sign.UNKNOWN
    return Shown(sign=sign, value=value if sign is Sign.KNOWN else None, reason=reason)
