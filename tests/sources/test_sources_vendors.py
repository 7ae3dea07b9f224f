"""Reports of vendors in their own words: what becomes a fact, in which unit, what is dropped."""

import dataclasses
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.sources.catalogue import SOURCES
from adoption.sources.rows import Grain, ParseContext, Parsed, SubjectKind, Surface, UsageRow, used
from organizations.sources.reading import BodyCode, Code, EnvelopeError
from tests.sources.reading import CSV, JSON, NDJSON, PATIENT

FILES = {
    "claude_code": ("claude_code/day.json", JSON),
    "cursor": ("cursor/day.json", JSON),
    "litellm": ("litellm/activity.json", JSON),
    "openai_usage": ("openai_usage/day.json", JSON),
    "chatgpt_enterprise": ("chatgpt_enterprise/weekly.csv", CSV),
}
Read = Callable[..., Parsed[UsageRow]]


@pytest.fixture
def asked(context: ParseContext) -> ParseContext:
    return dataclasses.replace(context, default_initiative="claims-triage")


def parsed(name: str, body: bytes, content_type: str, context: ParseContext) -> Parsed[UsageRow]:
    [piece] = SOURCES[name].parse([body], content_type=content_type, context=context)
    return piece


@pytest.fixture
def read(data: Path, asked: ParseContext) -> Read:
    def run(name: str, change: Callable[[bytes], bytes] = bytes) -> Parsed[UsageRow]:
        file, content_type = FILES[name]
        return parsed(name, change((data / file).read_bytes()), content_type, asked)

    return run


# --- Claude Code --------------------------------------------------------------------------------
def test_claude_code_states_tokens_edits_and_dollars(read: Read) -> None:
    found = read("claude_code")
    assert (found.errors, found.warnings, found.lines) == ([], [], 3)
    first, second, service = found.rows
    assert (first.kind, first.external_id, first.scope) == (
        SubjectKind.EMAIL,
        "ines.roy@acme.test",
        "org-1",
    )
    assert (first.surface, first.period_start, first.grain) == (
        Surface.CLI,
        date(2026, 10, 6),
        Grain.DAY,
    )
    assert (first.sessions, first.accepted, first.rejected) == (3, 7, 1)
    # Uncached, read from and written to the cache: 1000+200+50 and 100+20+5.
    assert (first.tokens_in, first.tokens_cached, first.tokens_out) == (1375, 220, 330)
    # 186 and 42.5 cents are 2.285 dollars.
    assert (first.cost_micros, first.currency) == (2_285_000, "USD")
    assert first.interactions is None
    assert (second.external_id, second.accepted, used(second)) == (first.external_id, 1, True)
    assert (service.kind, service.external_id) == (SubjectKind.APIKEY, "ci-runner")
    assert not used(service)


def test_claude_code_refuses_a_line_in_two_currencies(read: Read) -> None:
    found = read(
        "claude_code",
        lambda body: body.replace(b'42.5, "currency": "USD"', b'42.5, "currency": "EUR"'),
    )
    assert [(e.line, e.code) for e in found.errors] == [(1, Code.BAD_CURRENCY)]
    assert len(found.rows) == 2


# --- Cursor -------------------------------------------------------------------------------------
def test_cursor_gives_four_surfaces_and_keeps_zeros(read: Read) -> None:
    found = read("cursor")
    assert (found.errors, found.warnings) == ([], [])
    ines = [row for row in found.rows if row.external_id == "user_a"]
    assert [(r.surface, r.interactions, r.suggestions, r.accepted, r.rejected) for r in ines] == [
        (Surface.COMPLETION, None, 34, 28, None),
        (Surface.CHAT, 12, None, None, None),
        (Surface.AGENT, 1, None, None, None),
        (Surface.EDITOR, 10, 8, 7, 1),
    ]
    assert {row.aliases for row in ines} == {("email:ines.roy@acme.test",)}
    omar = [row for row in found.rows if row.external_id == "user_b"]
    assert [used(row) for row in omar] == [False] * 4
    assert omar[1].interactions == 0


def test_cursor_goes_by_the_day_and_not_by_the_instant_beside_it(read: Read) -> None:
    assert {row.period_start for row in read("cursor").rows} == {date(2026, 10, 6)}


def test_a_refused_cursor_line_counts_all_its_facts(read: Read) -> None:
    found = read("cursor", lambda body: body.replace(b'"chatRequests": 12', b'"chatRequests": -1'))
    assert [(e.line, e.field, e.code) for e in found.errors] == [(1, "chatRequests", Code.NEGATIVE)]
    assert (len(found.rows), found.facts_rejected) == (4, 4)


# --- LiteLLM ------------------------------------------------------------------------------------
def test_litellm_counts_answered_requests_of_people_and_nobody_else_as_use(read: Read) -> None:
    found = read("litellm")
    assert (found.errors, found.lines) == ([], 1)
    assert [(r.kind, r.external_id, r.requests, used(r)) for r in found.rows] == [
        (SubjectKind.UID, "u-1001", 214, True),
        (SubjectKind.UID, "u-1001", 5, True),
        (SubjectKind.UID, "u-1002", 5, False),
        (SubjectKind.APIKEY, "66bb28d0f033", 40, False),
    ]
    first = found.rows[0]
    assert (first.cost_micros, first.currency, first.tokens_cached) == (420_000, "USD", 10)
    assert {row.surface for row in found.rows} == {Surface.API}


def test_litellms_log_of_calls_is_never_taken(asked: ParseContext) -> None:
    call = json.dumps(
        {"request_id": "r", "call_type": "acompletion", "messages": [{"content": "secret"}]}
    ).encode()
    with pytest.raises(EnvelopeError) as refused:
        SOURCES["litellm"].admit(content_type=NDJSON, head=call)
    assert refused.value.code == BodyCode.PROMPT_TEXT_REFUSED
    with pytest.raises(EnvelopeError) as refused:
        parsed("litellm", b'{"request_id": "r", "date": "2026-10-06"}', NDJSON, asked)
    assert "secret" not in str(refused.value)


# --- OpenAI -------------------------------------------------------------------------------------
def test_openai_names_users_and_keeps_service_keys_apart(read: Read) -> None:
    found = read("openai_usage")
    assert (found.errors, found.lines, found.lines_empty) == ([], 2, 1)
    assert [(r.kind, r.external_id, r.requests, r.tokens_in, used(r)) for r in found.rows] == [
        (SubjectKind.UID, "user-a", 5, 1000, True),
        (SubjectKind.UID, "user-a", 1, 10, True),
        (SubjectKind.APIKEY, "key_1", 300, 90000, False),
    ]
    assert {row.period_start for row in found.rows} == {date(2026, 10, 6)}


def test_an_openai_bucket_over_midnight_is_refused_with_all_its_results(read: Read) -> None:
    found = read(
        "openai_usage",
        lambda body: body.replace(b'1791331200, "results": [\n', b'1791331201, "results": [\n'),
    )
    assert [(e.line, e.code) for e in found.errors] == [(1, Code.BAD_PERIOD)]
    assert found.facts_rejected == 3


def test_openai_results_without_user_and_key_ask_for_the_grouping(read: Read) -> None:
    found = read(
        "openai_usage", lambda body: body.replace(b'"user-a"', b"null").replace(b'"key_1"', b"null")
    )
    assert "group_by=user_id" in found.errors[0].message


# --- ChatGPT Enterprise -------------------------------------------------------------------------
def test_chatgpt_periods_keep_their_grain(read: Read) -> None:
    found = read("chatgpt_enterprise")
    assert (found.errors, found.warnings) == ([], [])
    assert [
        (r.external_id, r.grain, r.period_end, r.interactions, used(r)) for r in found.rows
    ] == [
        ("user-1", Grain.WEEK, date(2026, 10, 11), 63, True),
        ("user-2", Grain.WEEK, date(2026, 10, 11), 0, False),
        ("user-1", Grain.MONTH, date(2026, 11, 1), 240, True),
        ("user-1", Grain.CYCLE, date(2026, 10, 13), 99, True),
    ]
    assert found.rows[0].week_start == "sun"
    # Line 4 of the file: invited, not there yet.
    assert found.lines_empty == 1


def test_chatgpt_keeps_neither_names_nor_groups(read: Read) -> None:
    kept = repr(read("chatgpt_enterprise").rows)
    assert not any(word in kept for word in ("Ines Roy", "Champions", "m-large", "Claims'"))


@pytest.mark.parametrize("last", ["2026-10-03", "2027-10-31"])
def test_a_chatgpt_period_that_ends_before_it_begins_or_lasts_a_year_is_refused(
    last: str, read: Read
) -> None:
    found = read("chatgpt_enterprise", lambda body: body.replace(b"2026-10-10", last.encode()))
    assert {e.code for e in found.errors} == {Code.BAD_PERIOD}


# --- all of them --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FILES)
def test_a_body_without_an_initiative_is_refused_as_a_whole(
    name: str, data: Path, context: ParseContext
) -> None:
    file, content_type = FILES[name]
    with pytest.raises(EnvelopeError) as refused:
        parsed(name, (data / file).read_bytes(), content_type, context)
    assert refused.value.code == BodyCode.INITIATIVE_MISSING


@pytest.mark.parametrize("name", [name for name, (_, kind) in FILES.items() if kind == JSON])
def test_rows_of_a_page_may_come_one_per_line(name: str, data: Path, asked: ParseContext) -> None:
    page = json.loads((data / FILES[name][0]).read_bytes())
    rows = page.get("data", page.get("results"))
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    assert (
        parsed(name, lines, NDJSON, asked).rows
        == parsed(name, json.dumps(page).encode(), JSON, asked).rows
    )


def test_a_page_with_two_lists_of_rows_is_refused(asked: ParseContext) -> None:
    with pytest.raises(EnvelopeError) as refused:
        parsed("cursor", b'{"data": [], "data": [{}]}', JSON, asked)
    assert refused.value.code == BodyCode.BAD_JSON


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("name", FILES)
@PATIENT
@given(value=_VALUES, at=st.integers(min_value=0, max_value=40))
def test_no_value_anywhere_makes_a_source_fail(
    name: str, value: object, at: int, data: Path, context: ParseContext
) -> None:
    """One value of a good record is replaced by anything: a fact, an error, never a failure."""
    asked = dataclasses.replace(context, default_initiative="claims-triage")
    file, content_type = FILES[name]
    body = (data / file).read_bytes()
    if content_type == JSON:
        page = json.loads(body)
        rows = page.get("data", page.get("results"))
        keys = sorted(rows[0])
        rows[0][keys[at % len(keys)]] = value
        body = json.dumps(page).encode()
    else:
        lines = body.decode().splitlines()
        cells = lines[1].split(",")
        cells[at % len(cells)] = str(value).replace("\n", " ")
        body = "\n".join([lines[0], ",".join(cells), *lines[2:]]).encode("utf-8", "replace")
    try:
        found = parsed(name, body, content_type, asked)
    except EnvelopeError:
        return
    assert found.lines == found.lines_rejected + found.lines_empty + len(
        {row.line for row in found.rows}
    )


# --- Claude Enterprise: the request says the day -------------------------------------------------
def test_claude_enterprise_takes_the_day_from_the_request(data: Path, asked: ParseContext) -> None:
    body = (data / "claude_enterprise/day.json").read_bytes()
    on = dataclasses.replace(asked, day=date(2026, 10, 6))
    found = parsed("claude_enterprise", body, JSON, on)
    assert (found.errors, found.warnings) == ([], [])
    assert [
        (r.external_id, r.surface, r.interactions, r.accepted, used(r)) for r in found.rows
    ] == [
        ("user_01", Surface.CHAT, 34, None, True),
        ("user_01", Surface.CLI, None, 10, True),
        ("user_02", Surface.CHAT, 0, None, False),
    ]
    assert {row.period_start for row in found.rows} == {date(2026, 10, 6)}
    assert found.rows[2].aliases == ()


def test_claude_enterprise_without_a_day_is_refused(data: Path, asked: ParseContext) -> None:
    body = (data / "claude_enterprise/day.json").read_bytes()
    with pytest.raises(EnvelopeError) as refused:
        parsed("claude_enterprise", body, JSON, asked)
    assert refused.value.code == BodyCode.DAY_MISSING


def test_claude_enterprise_refuses_a_day_that_has_not_come(data: Path, asked: ParseContext) -> None:
    body = (data / "claude_enterprise/day.json").read_bytes()
    with pytest.raises(EnvelopeError):
        parsed("claude_enterprise", body, JSON, dataclasses.replace(asked, day=date(2027, 1, 1)))
