"""How figures, dates and money are written on every page. Plain Python: text out, no clock inside.

Thousands and tenths are parted as the reader chose, for the length of a request (`written_as`);
files and the API never ask this module, they always use a decimal point.

Words and signs follow the interface design: tabular figures with a thousands separator, a true
minus, whole percent, "25 Nov 2026", "$186k" on cards. Unknown is ``None`` and never reaches this
module: who has no figure says so with the sign for unknown, not with a number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

Number = int | float | Decimal

MINUS = "\N{MINUS SIGN}"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "INR": "₹"}
SHORT_UNITS = ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**3), "k"))
SHORT_FIGURES = 3

DEFAULT_STYLE = "comma_point"
# The sign between thousands and the one before tenths. No line breaks inside a number.
STYLES = {
    DEFAULT_STYLE: (",", "."),
    "point_comma": (".", ","),
    "space_comma": ("\N{NARROW NO-BREAK SPACE}", ","),
    "apostrophe_point": ("\N{RIGHT SINGLE QUOTATION MARK}", "."),
}
_style = ContextVar("number_style", default=DEFAULT_STYLE)


@contextmanager
def written_as(style: str) -> Iterator[None]:
    """Numbers inside are written in that style, one of STYLES; an unknown one is the default."""
    token = _style.set(style if style in STYLES else DEFAULT_STYLE)
    try:
        yield
    finally:
        _style.reset(token)


def integer(value: Number) -> str:
    """A whole number with thousands separators: 6214 → "6,214"; minus is a true one.

    Halves are rounded away from zero. Raises ValueError for NaN and infinity.
    """
    return decimal(value, places=0)


def decimal(value: Number, *, places: int = 1) -> str:
    """A number with a fixed count of decimal places: 2.25 at one place → "2.3"."""
    exact = _rounded(_finite(value), places)
    return _sign(exact) + _parted(f"{abs(exact):,f}")


def percent(share: Number, *, places: int = 0) -> str:
    """A share between 0 and 1 in percent, whole unless asked otherwise: 0.571 → "57%".

    Some is never written as none, nor nearly all as all: 0.001 → "<1%", 0.999 → ">99%".
    """
    exact = _finite(share) * 100
    shown = _rounded(exact, places)
    step = Decimal(1).scaleb(-places)
    if exact > 0 and shown == 0:
        return f"<{_parted(f'{step:f}')}%"
    if exact < 100 and shown == 100:
        return f">{_parted(f'{100 - step:f}')}%"
    return f"{_sign(shown)}{_parted(f'{abs(shown):,f}')}%"


def signed_points(change: Number) -> str:
    """A difference of two shares in percentage points: 0.08 → "+8 points", 0.01 → "+1 point"."""
    shown = _rounded(_finite(change) * 100, 0)
    plus = "+" if shown > 0 else ""
    noun = "point" if abs(shown) == 1 else "points"
    return f"{plus}{integer(shown)} {noun}"


def money(amount: Decimal, *, currency: str) -> str:
    """The full amount without cents, for tables and exports: 186400 USD → "$186,400"."""
    whole = _rounded(_finite(amount), 0)
    return _sign(whole) + _with_currency(_parted(f"{abs(whole):,f}"), currency)


def money_short(amount: Decimal, *, currency: str) -> str:
    """Money for cards, at most three significant figures: 186400 USD → "$186k".

    Currencies without a sign of their own are written with their code: "CHF 186k".
    """
    exact = _significant(_finite(amount), SHORT_FIGURES)
    for size, unit in SHORT_UNITS:
        if abs(exact) >= size:
            return _sign(exact) + _with_currency(_plain(abs(exact) / size) + unit, currency)
    return money(amount, currency=currency)


def long_date(day: date) -> str:
    """ "25 Nov 2026" """
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def short_date(day: date) -> str:
    """ "25 Nov", where the year is plain from the page"""
    return f"{day.day} {MONTHS[day.month - 1]}"


def moment(when: datetime, *, now: datetime, zone: tzinfo) -> str:
    """A point in time as people of that time zone say it: "Today 03:00", "24 Nov 03:00".

    Relative words only within the day; the year only when it is another one. Both times must be
    aware; raises ValueError otherwise, because a naive time belongs to no zone.
    """
    if when.tzinfo is None or now.tzinfo is None:
        raise ValueError("moment needs times with a time zone")
    local, today = when.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        day = "Today"
    elif local.year == today.year:
        day = short_date(local.date())
    else:
        day = long_date(local.date())
    return f"{day} {local:%H:%M}"


def initials(name: str) -> str:
    """Up to two letters for an avatar: "Elena Marsh" → "EM", "Tomás de la Rivera" → "TR"."""
    words = name.split()
    letters = [word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)]
    return "".join(letters).upper()


def _finite(value: Number) -> Decimal:
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if not exact.is_finite():
        raise ValueError(f"{value} is not a figure; unknown is None")
    return exact


def _rounded(exact: Decimal, places: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _significant(exact: Decimal, figures: int) -> Decimal:
    if exact == 0:
        return exact
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - figures + 1), rounding=ROUND_HALF_UP)


def _plain(exact: Decimal) -> str:
    text = f"{exact:f}"
    return _parted(text.rstrip("0").rstrip(".") if "." in text else text)


def _parted(text: str) -> str:
    """Digits as Python groups them, in the reader's signs."""
    thousands, point = STYLES[_style.get()]
    return text.translate({ord(","): thousands, ord("."): point})


def _sign(exact: Decimal) -> str:
    return MINUS if exact < 0 else ""


def _with_currency(text: str, currency: str) -> str:
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{text}" if symbol else f"{currency} {text}"
