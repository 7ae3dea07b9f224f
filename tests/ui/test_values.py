"""Classes instead of style attributes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import values


def test_the_style_sheet_on_disk_is_the_one_of_the_module() -> None:
    assert values.PATH.read_text(encoding="utf-8") == values.stylesheet()


def test_every_class_is_declared_once() -> None:
    names = re.findall(r"\.([a-z]+-[a-z0-9-]+)\{", values.stylesheet())
    assert len(names) == len(set(names)) == 2 * 101 + 3 * 90 + 6 + 2


@given(st.floats(-1, 2, allow_nan=False))
def test_every_share_has_a_declared_class(share: float) -> None:
    assert f".{values.step(share, prefix='v')}{{" in values.stylesheet()


@given(st.integers(-5, 200))
def test_every_day_has_a_declared_class(day: int) -> None:
    assert f".{values.day_step(day, prefix='d')}{{" in values.stylesheet()


@pytest.mark.parametrize(
    ("share", "name"),
    [(0, "v-0"), (0.571, "v-57"), (1, "v-100"), (0.001, "v-1"), (0.999, "v-99"), (None, "")],
)
def test_some_is_not_drawn_as_none_nor_nearly_all_as_all(share: float | None, name: str) -> None:
    assert values.step(share, prefix="v") == name


def test_a_prefix_of_the_other_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="percent classes"):
        values.step(0.5, prefix="d")
    with pytest.raises(ValueError, match="day classes"):
        values.day_step(5, prefix="v")
