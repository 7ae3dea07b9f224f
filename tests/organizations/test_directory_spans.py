"""Effective-dated facts, worked by hand and as properties."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.calculations.people import aliases_of, search_key
from organizations.calculations.spans import (
    ALWAYS,
    SINCE_ALWAYS,
    Span,
    SpanError,
    employment,
    first_difference,
    monday,
    moved,
    restated,
    through,
)

BASE = date(2026, 1, 1)
MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


def test_the_last_day_is_inside_and_the_stored_end_is_not():
    assert through(MAY, date(2026, 5, 31)) == Span(MAY, JUNE)
    assert through(MAY, MAY).holds(MAY)
    assert not through(MAY, MAY).holds(date(2026, 5, 2))


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(SpanError):
        through(JUNE, MAY)


def test_nothing_said_of_somebody_new_is_employment_since_always():
    assert employment(stored=(), start=None, end=None) == (ALWAYS,)


def test_a_restated_stay_replaces_what_it_overlaps_and_leaves_the_others():
    early, late = Span(None, date(2025, 1, 1)), Span(MAY, None)
    assert restated(stored=[early, late], stated=Span(JUNE, JULY)) == (early, Span(JUNE, JULY))


def test_stays_that_touch_are_two_stays():
    first, second = Span(None, MAY), Span(MAY, None)
    assert restated(stored=[first], stated=second) == (first, second)


def test_a_move_on_the_day_a_span_begins_replaces_it():
    held = ((Span(None, MAY), 1), (Span(MAY, None), 2))
    assert moved(held=held, day=MAY, value=3)[1] == (Span(MAY, None), 3)


def test_moving_back_on_the_same_day_joins_the_spans_again():
    held = ((Span(None, MAY), 1), (Span(MAY, None), 2))
    assert moved(held=held, day=MAY, value=1) == ((ALWAYS, 1),)


def test_a_late_statement_of_an_earlier_day_holds_until_the_next_known_change():
    held = ((Span(None, MAY), 1), (Span(JULY, None), 2))
    assert moved(held=held, day=JUNE, value=3) == (
        (Span(None, MAY), 1),
        (Span(JUNE, JULY), 3),
        (Span(JULY, None), 2),
    )


def test_histories_differ_first_where_they_part():
    old = ((ALWAYS, 1),)
    assert first_difference(old, ((Span(None, JUNE), 1), (Span(JUNE, None), 2))) == JUNE
    assert first_difference(old, ((ALWAYS, 2),)) == SINCE_ALWAYS
    assert first_difference(old, ((Span(None, JUNE), 1), (Span(JUNE, None), 1))) is None
    assert first_difference((), ()) is None


def test_marks_begin_on_a_monday_or_at_the_beginning():
    assert monday(date(2026, 10, 8)) == date(2026, 10, 5)
    assert monday(SINCE_ALWAYS) is None


sightings = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 3)), max_size=12)


@given(sightings)
def test_moves_leave_one_value_on_every_day_and_the_last_word_on_its_own(seen):
    held = ()
    for offset, value in seen:
        day = BASE + timedelta(offset)
        before = held
        held = moved(held=held, day=day, value=value)
        assert [what for span, what in held if span.holds(day)] == [value]
        changed = first_difference(before, held)
        assert before == () or changed is None or changed == day
    for offset in range(-5, 70):
        holding = [what for span, what in held if span.holds(BASE + timedelta(offset))]
        assert len(holding) == (1 if seen else 0)


@given(sightings)
def test_sightings_in_order_of_time_equal_the_last_one_up_to_each_day(seen):
    in_order = dict(sorted(seen))
    held = ()
    for offset, value in sorted(in_order.items()):
        held = moved(held=held, day=BASE + timedelta(offset), value=value)
    for offset in range(61):
        known = [value for day, value in sorted(in_order.items()) if day <= offset]
        expected = known[-1] if known else next(iter(sorted(in_order.items())), (0, None))[1]
        holding = [what for span, what in held if span.holds(BASE + timedelta(offset))]
        assert holding == ([expected] if seen else [])


stays_said = st.lists(
    st.tuples(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 30))), max_size=10
)


@given(stays_said)
def test_stays_never_overlap_and_the_last_one_said_stands(said):
    stored: tuple[Span, ...] = ()
    for start, length in said:
        first = BASE + timedelta(start)
        last = None if length is None else first + timedelta(length)
        stored = restated(stored=stored, stated=through(first, last))
        assert through(first, last) in stored
        assert not any(
            one.overlaps(other) for one in stored for other in stored if one is not other
        )


def test_names_are_told_apart_by_kind_and_a_principal_name_is_an_address():
    assert aliases_of(email="bo@acme.test", written=("login:bo", "upn:bo@corp.test")) == {
        ("email", "bo@acme.test"),
        ("login", "bo"),
        ("email", "bo@corp.test"),
    }


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Zoë Şahin", "zoe sahin a@b.test"),
        ("STRASSE", "strasse a@b.test"),
        ("Straße", "strasse a@b.test"),
    ],
)
def test_the_search_key_has_no_case_and_no_accents(name, key):
    assert search_key(name=name, email="a@b.test") == key
