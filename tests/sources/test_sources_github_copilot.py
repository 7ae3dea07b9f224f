"""GitHub Copilot users-1-day: facts by surface, renamed logins, and what is not taken."""

import dataclasses
import json
from pathlib import Path

import pytest

from adoption.sources.catalogue import SOURCES
from adoption.sources.github_copilot import parse
from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow, used
from organizations.sources.reading import Code, EnvelopeError
from tests.sources.reading import CSV, JSON, NDJSON


@pytest.fixture
def asked(context: ParseContext) -> ParseContext:
    return dataclasses.replace(context, default_initiative="claims-triage")


def read(body: bytes, context: ParseContext, content_type: str = NDJSON) -> Parsed[UsageRow]:
    [piece] = parse([body], content_type=content_type, context=context)
    return piece


def test_a_line_gives_one_fact_per_surface(data: Path, asked: ParseContext) -> None:
    found = read((data / "github_copilot/users_1_day.ndjson").read_bytes(), asked)
    assert (found.errors, found.warnings) == ([], [])
    assert (found.lines, found.lines_empty) == (5, 1)
    assert [(r.line, r.external_id, r.surface, r.interactions, r.active) for r in found.rows] == [
        (1, "1001", Surface.EDITOR, 50, True),
        (2, "1002", Surface.EDITOR, 0, True),
        (3, "1003", Surface.EDITOR, 0, False),
        (3, "1003", Surface.CLI, 6, True),
        (4, "1002", Surface.EDITOR, 4, True),
    ]
    cli = found.rows[3]
    assert (cli.sessions, cli.requests, cli.tokens_in, cli.tokens_out) == (3, 9, 12000, 2700)
    assert (cli.suggestions, cli.accepted, cli.tokens_cached) == (None, None, None)
    editor = found.rows[0]
    assert (editor.suggestions, editor.accepted, editor.requests) == (40, 12, None)
    assert {row.kind for row in found.rows} == {SubjectKind.UID}
    assert {row.initiative for row in found.rows} == {"claims-triage"}
    assert {row.source for row in found.rows} == {"github_copilot"}
    assert [used(row) for row in found.rows] == [True, True, False, True, True]


def test_a_renamed_login_stays_one_subject_with_two_aliases(
    data: Path, asked: ParseContext
) -> None:
    rows = read((data / "github_copilot/users_1_day.ndjson").read_bytes(), asked).rows
    bob = [row for row in rows if row.external_id == "1002"]
    assert [row.aliases for row in bob] == [("login:bob",), ("login:bob-acme",)]
    assert [row.scope for row in bob] == ["999", "13213"]


def test_the_report_may_come_as_an_array(data: Path, asked: ParseContext) -> None:
    body = (data / "github_copilot/users_1_day.ndjson").read_bytes()
    array = json.dumps([json.loads(line) for line in body.splitlines()]).encode()
    assert read(array, asked, JSON) == read(body, asked)


def test_a_bad_line_refuses_all_its_facts(data: Path, asked: ParseContext) -> None:
    found = read((data / "github_copilot/broken.ndjson").read_bytes(), asked)
    assert [(e.line, e.field, e.code) for e in found.errors] == [
        (2, "day", Code.BAD_DATE),
        (3, "user_initiated_interaction_count", Code.BAD_TYPE),
        (4, "user_id", Code.MISSING_FIELD),
        (5, "user_id", Code.DUPLICATE_KEY),
        (6, "prompt_count", Code.NEGATIVE),
        (8, "totals_by_cli", Code.BAD_TYPE),
        (9, "", Code.WRONG_SHAPE),
    ]
    assert [row.line for row in found.rows] == [1, 10]
    assert (found.lines, found.lines_empty, found.lines_rejected) == (10, 1, 7)
    assert found.facts_rejected == 10


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"user_id": True}, "user_id", Code.BAD_TYPE),
        ({"user_id": -5}, "user_id", Code.NEGATIVE),
        ({"user_id": 1.5}, "user_id", Code.BAD_TYPE),
        ({"user_login": "a\u202eb"}, "user_login", Code.CONTROL_CHARACTER),
        ({"user_login": 7}, "user_login", Code.BAD_TYPE),
        ({"day": None}, "day", Code.MISSING_FIELD),
        ({"day": "2026-12-01"}, "day", Code.TIME_IN_FUTURE),
        ({"day": "2014-12-01"}, "day", Code.BEFORE_2015),
        ({"organization_id": {}}, "organization_id", Code.BAD_TYPE),
        ({"totals_by_cli": {"token_usage": 5}}, "token_usage", Code.BAD_TYPE),
    ],
)
def test_bad_values_are_row_errors(
    changes: dict[str, object], field: str, code: Code, asked: ParseContext
) -> None:
    row = {"user_id": 1, "user_login": "a", "day": "2026-10-06", **changes}
    found = read(json.dumps(row).encode(), asked)
    assert [(e.line, e.field, e.code) for e in found.errors] == [(1, field, code)]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("usage_records.json", "prompt_text_refused"),
        ("aggregate_metrics.json", "unsupported_shape"),
        ("report_links.json", "unsupported_shape"),
        ("seats.json", "unsupported_shape"),
    ],
)
def test_other_exports_are_refused_by_name(
    name: str, code: str, data: Path, asked: ParseContext
) -> None:
    body = (data / "github_copilot" / name).read_bytes()
    with pytest.raises(EnvelopeError) as refused:
        read(body, asked, JSON)
    assert refused.value.code == code
    assert "users-1-day" in refused.value.message or "links" in refused.value.message
    assert "CANARY" not in refused.value.message


def test_prompt_text_is_refused_wherever_it_stands_and_before_it_is_stored(
    data: Path, asked: ParseContext
) -> None:
    good = (data / "github_copilot/users_1_day.ndjson").read_bytes()
    record = json.loads((data / "github_copilot/usage_records.json").read_bytes())[0]
    with pytest.raises(EnvelopeError, match="usage-records"):
        read(good + json.dumps(record).encode(), asked)
    source = SOURCES["github_copilot"]
    with pytest.raises(EnvelopeError, match="usage-records"):
        source.admit(content_type=JSON, head=json.dumps([record]).encode()[:4096])
    assert source.admit(content_type=NDJSON, head=good)


def test_nothing_of_unknown_text_is_kept(asked: ParseContext) -> None:
    row = {"user_id": 1, "user_login": "a", "day": "2026-10-06", "prompt": "CANARY"}
    found = read(json.dumps({**row, "user_initiated_interaction_count": 1}).encode(), asked)
    assert len(found.rows) == 1
    assert found.warnings == ["Not read, unknown: prompt."]
    assert "CANARY" not in repr(found)


def test_the_request_has_to_name_a_known_initiative(
    data: Path, context: ParseContext, asked: ParseContext
) -> None:
    body = (data / "github_copilot/users_1_day.ndjson").read_bytes()
    with pytest.raises(EnvelopeError, match=r"\?initiative="):
        read(body, context)
    unknown = dataclasses.replace(context, default_initiative="claims-triag")
    found = read(body, unknown)
    assert {error.code for error in found.errors} == {Code.UNKNOWN_INITIATIVE}
    assert found.facts_rejected == 6
    with pytest.raises(EnvelopeError) as refused:
        read(body, asked, CSV)
    assert refused.value.status == 415
