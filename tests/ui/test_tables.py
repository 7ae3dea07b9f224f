"""Downloads: nothing in them runs, nothing in them is lost."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.tables import SUPPRESSED, UNKNOWN, guarded, write_csv

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"]  # noqa: RUF001


def text_of(rows, header=("name",)):
    with write_csv(rows, header) as file:
        return file.read().decode("utf-8-sig")


def test_the_file_is_utf8_that_spreadsheets_recognise():
    with write_csv([["Zoë Şahin"]], ["name"]) as file:
        assert file.read() == '\ufeff"name"\r\n"Zoë Şahin"\r\n'.encode()


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_gets_an_apostrophe(text):
    assert guarded(text) == f"'{text}"
    assert next(csv.reader(io.StringIO(text_of([], [text]), newline=""))) == [f"'{text}"]


def test_numbers_are_written_as_numbers_and_text_is_quoted():
    assert text_of([[-5, 0.5, Decimal("-1.20"), "-5", "a"]]).splitlines()[1] == (
        '-5,0.5,-1.20,"\'-5","a"'
    )


def test_days_times_and_flags_are_plain_text():
    row = [date(2026, 11, 25), datetime(2026, 11, 25, 3, tzinfo=UTC), True, False]
    assert text_of([row]).splitlines()[1] == ('"2026-11-25","2026-11-25T03:00:00+00:00","yes","no"')


def test_zero_unknown_and_suppressed_are_three_different_signs():
    assert text_of([[0, None, SUPPRESSED]]).splitlines()[1] == f'0,"{UNKNOWN}","{SUPPRESSED}"'


@pytest.mark.parametrize("cell", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_figure_is_refused(cell):
    with pytest.raises(ValueError, match="not a figure"):
        write_csv([[cell]], ["n"])


def test_rows_are_consumed_before_the_file_is_handed_over():
    rows = iter([["a"], ["b"]])
    write_csv(rows, ["n"]).close()
    assert list(rows) == []


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_any_text_comes_back_as_it_was_but_for_the_guard(cells):
    read = list(csv.reader(io.StringIO(text_of([cells], cells), newline="")))
    assert read == [[guarded(cell) for cell in cells]] * 2


def test_a_long_file_is_as_complete_as_a_short_one():
    text = text_of([["x" * 1000]] * 2000)
    assert text.count("\r\n") == 2001
