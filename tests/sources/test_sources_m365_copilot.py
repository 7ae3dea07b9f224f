"""Microsoft 365 Copilot: one report in four dialects, and the days that a nightly pull finds."""

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adoption.sources.m365_copilot import own_word, parse
from adoption.sources.rows import Grain, ParseContext, Parsed, SubjectKind, Surface, UsageRow, used
from organizations.sources.reading import Code
from tests.sources.reading import CSV, JSON

OCTOBER = (2026, 10)


@pytest.fixture
def asked(context: ParseContext) -> ParseContext:
    return dataclasses.replace(context, default_initiative="claims-triage")


def read(body: bytes, context: ParseContext, content_type: str = CSV) -> Parsed[UsageRow]:
    [piece] = parse([body], content_type=content_type, context=context)
    return piece


def days(rows: list[UsageRow]) -> set[tuple[int, Surface]]:
    return {(row.period_start.day, row.surface) for row in rows if row.grain is Grain.DAY}


def test_version_1_names_the_last_active_day_in_each_app(data: Path, asked: ParseContext) -> None:
    found = read((data / "m365_copilot/graph_v1.csv").read_bytes(), asked)
    assert (found.errors, found.warnings) == ([], [])
    # Two apps of the suite on the same day are one day of the suite.
    assert days(found.rows) == {(6, Surface.CHAT), (5, Surface.OFFICE)}
    assert all(used(row) for row in found.rows)
    assert {row.as_of for row in found.rows} == {datetime(*OCTOBER, 8, tzinfo=UTC)}
    # Licensed and never active: the line states nothing.
    assert (found.lines, found.lines_empty) == (2, 1)


def test_version_2_adds_the_window_beside_the_days(data: Path, asked: ParseContext) -> None:
    found = read((data / "m365_copilot/graph_v2.csv").read_bytes(), asked)
    assert (found.errors, found.warnings) == ([], [])
    ines = [row for row in found.rows if row.external_id == "ines.roy@acme.test"]
    assert days(ines) == {
        (7, Surface.CHAT),
        (4, Surface.CHAT),
        (6, Surface.OFFICE),
        (7, Surface.OFFICE),
        (6, Surface.AGENT),
    }
    [window] = [row for row in ines if row.grain is not Grain.DAY]
    assert (window.grain, window.period_start, window.period_end) == (
        Grain.ROLLING_7,
        date(*OCTOBER, 2),
        date(*OCTOBER, 9),
    )
    assert (window.interactions, window.active_days, window.surface) == (41, 4, Surface.ALL)
    [idle] = [
        r for r in found.rows if r.external_id == "omar@acme.test" and r.grain is not Grain.DAY
    ]
    assert (idle.interactions, used(idle)) == (0, False)


def test_the_admin_centre_speaks_a_dialect_of_its_own(data: Path, asked: ParseContext) -> None:
    found = read((data / "m365_copilot/admin_centre.csv").read_bytes(), asked)
    assert (found.errors, found.warnings) == ([], [])
    assert days(found.rows) == {
        (7, Surface.CHAT),
        (6, Surface.OFFICE),
        (5, Surface.OFFICE),
        (7, Surface.OFFICE),
    }
    [window] = [row for row in found.rows if row.grain is not Grain.DAY]
    assert (window.grain, window.interactions, window.active_days) == (Grain.ROLLING_30, 160, 15)


def test_the_beta_answers_in_json_with_empty_dates(data: Path, asked: ParseContext) -> None:
    found = read((data / "m365_copilot/beta.json").read_bytes(), asked, JSON)
    assert (found.errors, found.warnings) == ([], [])
    # No app names the 7th, so the date over all apps adds it.
    assert days(found.rows) == {(6, Surface.CHAT), (6, Surface.OFFICE), (7, Surface.ALL)}


def test_concealed_names_are_counted_and_are_no_addresses(data: Path, asked: ParseContext) -> None:
    body = (data / "m365_copilot/graph_v1.csv").read_bytes()
    body = body.replace(b"ines.roy@acme.test", b"E58EEF6A6BBD3D0293CB306D24A42058")
    rows = read(body, asked).rows
    assert {row.kind for row in rows} == {SubjectKind.CONCEALED}
    assert {row.external_id for row in rows} == {"e58eef6a6bbd3d0293cb306d24a42058"}


def test_the_same_days_seen_on_another_night_are_the_same_facts(
    data: Path, asked: ParseContext
) -> None:
    body = (data / "m365_copilot/graph_v1.csv").read_bytes()
    later = read(body.replace(b"2026-10-08", b"2026-10-09"), asked).rows
    first = read(body, asked).rows
    assert [dataclasses_free(row) for row in later] == [dataclasses_free(row) for row in first]


def dataclasses_free(row: UsageRow) -> tuple[object, ...]:
    """A fact without the instant at which it was stated."""
    return tuple(getattr(row, name) for name in row.__struct_fields__ if name != "as_of")


def test_an_activity_after_the_report_was_made_is_refused(data: Path, asked: ParseContext) -> None:
    body = (data / "m365_copilot/graph_v1.csv").read_bytes()
    found = read(body.replace(b"2026-10-06,2026-10-06", b"2026-10-06,2026-10-10"), asked)
    assert [(e.line, e.code) for e in found.errors] == [(2, Code.TIME_IN_FUTURE)]


@pytest.mark.parametrize("period", ["5", "D9", "week"])
def test_a_window_we_do_not_know_is_refused(period: str, data: Path, asked: ParseContext) -> None:
    body = (data / "m365_copilot/admin_centre.csv").read_bytes()
    found = read(body.replace(b",30,160", f",{period},160".encode()), asked)
    assert [(e.line, e.field, e.code) for e in found.errors] == [
        (2, "Report Period", Code.BAD_PERIOD)
    ]


def test_the_period_of_everything_gives_days_and_no_window(data: Path, asked: ParseContext) -> None:
    body = (data / "m365_copilot/admin_centre.csv").read_bytes()
    found = read(body.replace(b",30,160", b",ALL,160"), asked)
    assert {row.grain for row in found.rows} == {Grain.DAY}


def test_names_shown_beside_the_principal_are_dropped(data: Path, asked: ParseContext) -> None:
    assert "Ines Roy" not in repr(read((data / "m365_copilot/graph_v2.csv").read_bytes(), asked))


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("Report Refresh Date", "refreshed"),
        ("  user principal NAME ", "upn"),
        ("Last Activity Date", "last:"),
        ("Word Copilot Last Activity Date", "last:word copilot"),
        ("Last activity date of Word Copilot (UTC)", "last:word copilot"),
        ("wordCopilotLastActivityDate", "last:word copilot"),
        ("Prompts submitted for All Apps", "prompts"),
        ("Something new", "Something new"),
    ],
)
def test_a_header_of_any_dialect_has_one_word(header: str, word: str) -> None:
    assert own_word(header) == word
