"""Typed readers of one record's values. Strict: nothing is guessed, rounded or repaired.

JSON values keep their types (`"11"` is no number, `1` is no truth value); values of a table are
text and are read by their spelling.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from organizations.sources.reading import MAX_NUMBER_CHARACTERS, Code, ReadError

LARGEST_WHOLE = 2**63 - 1
LARGEST_AMOUNT = Decimal(10) ** 12
LONGEST_TEXT = 400
LONGEST_EMAIL = 254
FIRST_YEAR = 2015
AHEAD = timedelta(hours=36)
"""Clocks may be wrong by this much; what lies later is refused."""

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?"
)
_WHOLE = re.compile(r"-?[0-9]+")
_AMOUNT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
_TRUTH = {"true": True, "1": True, "false": False, "0": False}

# C0 and C1 controls, the line and paragraph separators, surrogates, a stray byte order mark,
# and everything that can turn the direction of the text around it.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_BLANKS = " \t\r\n\xa0"


def identity(value: str) -> str:
    """How addresses and logins are compared: trimmed, NFKC, case-folded. Look-alikes stay apart."""
    folded = unicodedata.normalize("NFKC", value).strip().casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def clean(name: str, value: str, *, longest: int, lines: bool = False) -> str:
    """Trimmed NFC text. With `lines`, line breaks become blanks. Raises `ReadError`."""
    text = " ".join(value.split()) if lines else value.strip(_BLANKS)
    if _FORBIDDEN.search(text):
        raise ReadError(
            Code.CONTROL_CHARACTER,
            "The text holds control or direction-changing characters; remove them.",
            field=name,
            value=text,
        )
    text = unicodedata.normalize("NFC", text)
    if len(text) > longest:
        raise ReadError(
            Code.TOO_LONG, f"At most {longest} characters are kept; shorten it.", field=name
        )
    return text


def read_day(name: str, text: str) -> date:
    """A day written YYYY-MM-DD in ASCII digits."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ReadError(
        Code.BAD_DATE, "Not a day of the calendar; write it as YYYY-MM-DD.", field=name, value=text
    )


def read_instant(name: str, text: str) -> datetime:
    """An RFC 3339 instant with its offset, answered in UTC."""
    match = _INSTANT.fullmatch(text)
    if match and match["offset"] is None:
        raise ReadError(
            Code.OFFSET_MISSING,
            "The time needs its offset, such as Z or +01:00.",
            field=name,
            value=text,
        )
    try:
        if match:
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ReadError(
        Code.BAD_DATE,
        "Not an instant; write it as 2026-10-06T09:14:03+01:00.",
        field=name,
        value=text,
    )


def read_email(name: str, text: str) -> str:
    """An address as it is compared: `identity`, one @, at most 254 characters."""
    address = identity(text)
    if not _EMAIL.fullmatch(address) or len(address) > LONGEST_EMAIL:
        raise ReadError(
            Code.BAD_EMAIL, "Not an e-mail address; write it as name@host.", field=name, value=text
        )
    return address


class Fields:
    """The values of one record, each read by name and kind.

    Every reader answers None where the sender said nothing (absent, null, an empty text) and
    raises `ReadError` naming the field where what was said cannot be taken.
    """

    __slots__ = ("_values", "_written")

    def __init__(self, values: Mapping[str, object], *, written: bool) -> None:
        """`written`: the values are texts of a table and not typed JSON."""
        self._values = values
        self._written = written

    def __contains__(self, name: str) -> bool:
        return self.raw(name) is not None

    def raw(self, name: str) -> object:
        value = self._values.get(name)
        return None if isinstance(value, str) and not value.strip(_BLANKS) else value

    def names(self) -> Mapping[str, object]:
        return self._values

    def nested(self, name: str) -> "Fields | None":
        """An object inside a JSON object."""
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ReadError(Code.BAD_TYPE, "Expected an object.", field=name, value=value)
        return Fields(value, written=False)

    def listed(self, name: str) -> "list[Fields]":
        """The objects of an array inside a JSON object; none where the sender said nothing."""
        value = self.raw(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ReadError(Code.BAD_TYPE, "Expected an array of objects.", field=name)
        return [Fields(item, written=False) for item in value]

    def need(self, name: str, value: T | None) -> T:
        if value is None:
            raise ReadError(Code.MISSING_FIELD, f"The row needs {name}.", field=name)
        return value

    def text(self, name: str, *, longest: int = LONGEST_TEXT, lines: bool = False) -> str | None:
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise ReadError(
                Code.BAD_TYPE, "Expected text; put it in quotes.", field=name, value=value
            )
        return clean(name, value, longest=longest, lines=lines) or None

    def day(self, name: str) -> date | None:
        text = self.text(name)
        return None if text is None else read_day(name, text)

    def instant(self, name: str) -> datetime | None:
        text = self.text(name)
        return None if text is None else read_instant(name, text)

    def email(self, name: str) -> str | None:
        text = self.text(name)
        return None if text is None else read_email(name, text)

    def choice(self, name: str, words: type[E], code: Code = Code.UNKNOWN_WORD) -> E | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return words(text.lower() if self._written else text)
        except ValueError:
            known = ", ".join(word.value for word in words)
            raise ReadError(
                code, f"Not a known word; use one of {known}.", field=name, value=text
            ) from None

    def flag(self, name: str) -> bool | None:
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return value
        if self._written and isinstance(value, str):
            truth = _TRUTH.get(value.strip(_BLANKS).lower())
            if truth is not None:
                return truth
        raise ReadError(Code.BAD_TYPE, "Write true or false.", field=name, value=value)

    def whole(self, name: str) -> int | None:
        """A count: 0 to 2^63 - 1."""
        value = self.raw(name)
        if value is None:
            return None
        number = self._written_whole(name, value) if self._written else value
        if isinstance(number, bool) or not isinstance(number, int):
            raise ReadError(
                Code.BAD_TYPE,
                "Expected a whole number without quotes, point or exponent.",
                field=name,
                value=value,
            )
        return _counted(name, number)

    def _written_whole(self, name: str, value: object) -> object:
        text = str(value).strip(_BLANKS)
        if len(text) > MAX_NUMBER_CHARACTERS:
            raise ReadError(
                Code.TOO_LONG, "A number may have 40 characters.", field=name, value=text
            )
        if text.lower() in _NOT_FINITE:
            raise _not_finite(name, text)
        return int(text) if _WHOLE.fullmatch(text) else None

    def amount(self, name: str) -> Decimal | None:
        """A decimal number of at least 0 and below 10^12, exact."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, str):
            number = _written_amount(name, value.strip(_BLANKS))
        elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            number = Decimal(value)
        else:
            raise ReadError(Code.BAD_TYPE, "Expected a number.", field=name, value=value)
        if number < 0:
            raise _negative(name, value)
        if number >= LARGEST_AMOUNT:
            raise ReadError(Code.OUT_OF_RANGE, "The number is too large.", field=name, value=value)
        return number


def _written_amount(name: str, text: str) -> Decimal:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ReadError(Code.TOO_LONG, "A number may have 40 characters.", field=name, value=text)
    if text.lower() in _NOT_FINITE:
        raise _not_finite(name, text)
    if not _AMOUNT.fullmatch(text):
        raise ReadError(
            Code.BAD_TYPE,
            "Expected a plain number such as 1234.50: a dot, no thousands marks, no exponent.",
            field=name,
            value=text,
        )
    return Decimal(text)


def _counted(name: str, number: int) -> int:
    if number < 0:
        raise _negative(name, number)
    if number > LARGEST_WHOLE:
        raise ReadError(Code.OUT_OF_RANGE, "The count is too large.", field=name, value=number)
    return number


def _negative(name: str, value: object) -> ReadError:
    return ReadError(Code.NEGATIVE, "It cannot be below 0.", field=name, value=value)


def _not_finite(name: str, text: str) -> ReadError:
    return ReadError(
        Code.NOT_FINITE, "Not a finite number; leave it empty if unknown.", field=name, value=text
    )
