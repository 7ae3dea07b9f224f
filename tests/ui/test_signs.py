"""Known, unknown and suppressed are three signs."""

import pytest

from ui.signs import Shown, Sign, shown


def test_zero_is_known() -> None:
    assert shown(0) == Shown(sign=Sign.KNOWN, value=0)


def test_none_is_unknown_with_its_reason() -> None:
    assert shown(None, reason="no data") == Shown(sign=Sign.UNKNOWN, reason="no data")


def test_none_said_to_be_known_is_still_unknown() -> None:
    assert shown(None, status="known").sign is Sign.UNKNOWN


@pytest.mark.parametrize("status", ["suppressed", "unknown"])
def test_a_value_that_is_not_to_be_shown_is_dropped(status: str) -> None:
    assert shown(3, status=status).value is None


def test_another_word_is_refused() -> None:
    with pytest.raises(ValueError, match="hidden"):
        shown(3, status="hidden")
