"""Words for numbers, dates and money."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import formats

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (6214, "6,214"),
        (-12, "\N{MINUS SIGN}12"),
        (2.5, "3"),
        (-0.2, "0"),
        (Decimal("1247000.4"), "1,247,000"),
    ],
)
def test_integers_have_separators_and_a_true_minus(value: formats.Number, words: str) -> None:
    assert formats.integer(value) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0%"),
        (0.571, "57%"),
        (0.285, "29%"),
        (1, "100%"),
        (0.001, "<1%"),
        (0.0049, "<1%"),
        (0.995, ">99%"),
        (0.9999, ">99%"),
        (1.2, "120%"),
    ],
)
def test_percent_is_whole_and_never_hides_a_few_or_a_rest(
    share: formats.Number, words: str
) -> None:
    assert formats.percent(share) == words


def test_percent_with_a_place_keeps_the_same_rule() -> None:
    assert formats.percent(0.9752, places=1) == "97.5%"
    assert formats.percent(0.0001, places=1) == "<0.1%"
    assert formats.percent(0.9999, places=1) == ">99.9%"


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_only_none_is_written_as_zero_and_only_all_as_hundred(part: int, whole: int) -> None:
    share = min(part, whole) / whole
    assert (formats.percent(share) == "0%") == (share == 0)
    assert (formats.percent(share) == "100%") == (share == 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_figure_is_refused(value: formats.Number) -> None:
    with pytest.raises(ValueError, match="unknown is None"):
        formats.integer(value)


def test_points_carry_their_sign_and_count() -> None:
    assert formats.signed_points(0.08) == "+8 points"
    assert formats.signed_points(-0.01) == "\N{MINUS SIGN}1 point"
    assert formats.signed_points(0) == "0 points"


@pytest.mark.parametrize(
    ("amount", "short", "full"),
    [
        ("412", "$412", "$412"),
        ("4213", "$4.21k", "$4,213"),
        ("60000", "$60k", "$60,000"),
        ("186400", "$186k", "$186,400"),
        ("999999", "$1m", "$999,999"),
        ("1247000", "$1.25m", "$1,247,000"),
        ("-12000", "\N{MINUS SIGN}$12k", "\N{MINUS SIGN}$12,000"),
        ("0", "$0", "$0"),
    ],
)
def test_money_is_short_on_cards_and_whole_in_tables(amount: str, short: str, full: str) -> None:
    assert formats.money_short(Decimal(amount), currency="USD") == short
    assert formats.money(Decimal(amount), currency="USD") == full


def test_a_currency_without_a_sign_keeps_its_code() -> None:
    assert formats.money_short(Decimal(186400), currency="CHF") == "CHF 186k"


def test_dates_are_day_month_year() -> None:
    assert formats.long_date(date(2026, 11, 25)) == "25 Nov 2026"
    assert formats.short_date(date(2026, 11, 5)) == "5 Nov"


def test_today_is_the_day_of_the_time_zone() -> None:
    now = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)  # still 24 Nov in Chicago
    assert formats.moment(now, now=now, zone=UTC) == "Today 03:00"
    assert formats.moment(now, now=now, zone=CHICAGO) == "Today 21:00"
    midnight = datetime(2026, 11, 24, 5, 59, tzinfo=UTC)
    assert formats.moment(midnight, now=now, zone=CHICAGO) == "23 Nov 23:59"


def test_another_year_is_named() -> None:
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    before = datetime(2025, 12, 31, 12, 0, tzinfo=UTC)
    assert formats.moment(before, now=now, zone=UTC) == "31 Dec 2025 12:00"


def test_a_time_without_zone_is_refused() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        formats.moment(now.replace(tzinfo=None), now=now, zone=UTC)


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Elena Marsh", "EM"), ("Tomás de la Rivera", "TR"), ("Bo", "B"), ("", "")],
)
def test_initials_are_first_and_last(name: str, letters: str) -> None:
    assert formats.initials(name) == letters
