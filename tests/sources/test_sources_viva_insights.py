"""Viva Insights: weeks from Sunday, columns as the author of the query chose them."""

import dataclasses
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adoption.sources.rows import Grain, ParseContext, Parsed, SubjectKind, UsageRow, used
from adoption.sources.viva_insights import parse
from organizations.sources.reading import BodyCode, Code, EnvelopeError
from tests.sources.reading import CSV


@pytest.fixture
def asked(context: ParseContext) -> ParseContext:
    return dataclasses.replace(context, default_initiative="claims-triage")


@pytest.fixture
def week(data: Path) -> bytes:
    return (data / "viva_insights/week.csv").read_bytes()


def read(body: bytes, context: ParseContext) -> Parsed[UsageRow]:
    [piece] = parse([body], content_type=CSV, context=context)
    return piece


def test_actions_of_all_apps_are_added_up_over_the_week(week: bytes, asked: ParseContext) -> None:
    found = read(week, asked)
    assert (found.errors, found.warnings) == ([], [])
    first = found.rows[0]
    assert (first.kind, first.external_id) == (
        SubjectKind.GUID,
        "0a1b2c3d-0000-0000-0000-000000000001",
    )
    assert first.aliases == ("email:ines.roy@acme.test",)
    assert (first.grain, first.period_start, first.period_end, first.week_start) == (
        Grain.WEEK,
        date(2026, 10, 4),
        date(2026, 10, 11),
        "sun",
    )
    assert (first.interactions, first.active_days) == (15, 4)
    assert first.minutes_claimed == Decimal("75.00")


def test_active_days_above_licensed_ones_are_taken_as_sent(
    week: bytes, asked: ParseContext
) -> None:
    second = read(week, asked).rows[1]
    assert (second.active_days, second.interactions, used(second)) == (3, 0, False)


def test_without_licence_and_use_a_line_states_nothing_with_a_licence_it_states_none(
    week: bytes, asked: ParseContext
) -> None:
    found = read(week, asked)
    assert found.lines_empty == 1
    assert found.rows[-1].external_id.endswith("4")
    assert not used(found.rows[-1])


def test_a_query_without_actions_goes_by_active_days(week: bytes, asked: ParseContext) -> None:
    lines = b"PersonId,MetricDate,Total Copilot active days\na-1,2026-10-04,2\n"
    [row] = read(lines, asked).rows
    assert (row.interactions, used(row)) == (None, True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"2026-10-04,Ines", b"2026-10-05,Ines"), Code.BAD_PERIOD),
        ((b",4,7,1.25", b",8,7,1.25"), Code.OUT_OF_RANGE),
        ((b",4,7,1.25", b",4,7,-1"), Code.NEGATIVE),
        ((b"Ines.Roy@acme.test", b"Ines Roy"), Code.BAD_EMAIL),
    ],
)
def test_a_bad_value_refuses_its_line_only(
    change: tuple[bytes, bytes], code: Code, week: bytes, asked: ParseContext
) -> None:
    found = read(week.replace(*change), asked)
    assert [(e.line, e.code) for e in found.errors] == [(2, code)]
    assert len(found.rows) == 2


def test_two_spellings_of_one_column_are_refused(asked: ParseContext) -> None:
    with pytest.raises(EnvelopeError) as refused:
        read(
            b"PersonId,MetricDate,Copilot actions taken in Teams,Copilot_actions_taken_in_Teams\n",
            asked,
        )
    assert refused.value.code == BodyCode.DUPLICATE_COLUMN
