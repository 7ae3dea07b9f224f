"""Logs of single events: whose day they add to, what nobody asked for, and that text stays out."""

import dataclasses
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adoption.sources import bedrock, canonical, google_gemini
from adoption.sources.kept import keep, read_kept
from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow, used
from organizations.sources.reading import Code
from tests.sources.reading import CSV, JSON, NDJSON


@pytest.fixture
def asked(context: ParseContext) -> ParseContext:
    return dataclasses.replace(context, default_initiative="support-replies")


def gemini(body: bytes, context: ParseContext) -> Parsed[UsageRow]:
    [piece] = google_gemini.parse([body], content_type=JSON, context=context)
    return piece


def calls(body: bytes, context: ParseContext) -> Parsed[UsageRow]:
    [piece] = bedrock.parse([body], content_type=NDJSON, context=context)
    return piece


# --- Gemini -------------------------------------------------------------------------------------
def test_what_gemini_offers_by_itself_is_no_interaction(data: Path, asked: ParseContext) -> None:
    found = gemini((data / "google_gemini/activities.json").read_bytes(), asked)
    assert (found.errors, found.warnings, found.lines) == ([], [], 2)
    assert [(r.surface, r.interactions, r.requests, used(r)) for r in found.rows] == [
        (Surface.OFFICE, 1, 1, True),
        (Surface.OFFICE, 0, 1, False),
        (Surface.CHAT, 1, 1, True),
    ]
    assert {(r.kind, r.external_id, r.aliases) for r in found.rows} == {
        (SubjectKind.UID, "1087", ("email:ines.roy@acme.test",))
    }
    assert len({row.event_id for row in found.rows}) == 3


@pytest.mark.parametrize(
    ("zone", "days"),
    [("UTC", [6, 6, 6]), ("Europe/Berlin", [6, 6, 7]), ("America/Chicago", [6] * 3)],
)
def test_the_day_of_an_event_is_the_organizations(
    zone: str, days: list[int], data: Path, asked: ParseContext
) -> None:
    body = (data / "google_gemini/activities.json").read_bytes()
    rows = gemini(body, dataclasses.replace(asked, time_zone=zone)).rows
    assert [row.period_start for row in rows] == [date(2026, 10, day) for day in days]


def test_a_refused_item_counts_each_of_its_events(data: Path, asked: ParseContext) -> None:
    body = (data / "google_gemini/activities.json").read_bytes()
    found = gemini(body.replace(b"09:12:44.101Z", b"09:12:44.101"), asked)
    assert [(e.line, e.code) for e in found.errors] == [(1, Code.OFFSET_MISSING)]
    assert (found.facts_rejected, len(found.rows)) == (2, 1)


# --- Bedrock ------------------------------------------------------------------------------------
def test_only_sessions_of_single_sign_on_are_people(data: Path, asked: ParseContext) -> None:
    found = calls((data / "bedrock/calls.ndjson").read_bytes(), asked)
    assert (found.errors, found.warnings) == ([], [])
    assert [(r.kind, r.external_id, r.initiative, used(r)) for r in found.rows] == [
        (SubjectKind.APIKEY, "111122223333/ClaimsBot", "claims-triage", False),
        (SubjectKind.EMAIL, "ines.roy@acme.test", "support-replies", True),
        (SubjectKind.LOGIN, "omar", "support-replies", False),
    ]
    second = found.rows[1]
    assert (second.tokens_in, second.tokens_cached, second.tokens_out, second.requests) == (
        150,
        30,
        80,
        1,
    )
    assert [row.event_id for row in found.rows] == ["call-1", "call-2", "call-3"]


def test_prompts_and_answers_are_in_no_row(data: Path, asked: ParseContext) -> None:
    found = calls((data / "bedrock/calls.ndjson").read_bytes(), asked)
    assert "CANARY" not in repr(found)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("schemaType", "Other"), Code.WRONG_SHAPE),
        (("identity", {"arn": "nobody"}), Code.BAD_SUBJECT),
        (("requestId", None), Code.MISSING_FIELD),
        (("timestamp", "2026-12-24T00:00:00Z"), Code.TIME_IN_FUTURE),
        (("requestMetadata", {"initiative": "unknown"}), Code.UNKNOWN_INITIATIVE),
    ],
)
def test_a_call_that_cannot_be_placed_is_refused(
    change: tuple[str, object], code: Code, data: Path, asked: ParseContext
) -> None:
    line = json.loads((data / "bedrock/calls.ndjson").read_bytes().splitlines()[1])
    name, value = change
    found = calls(json.dumps(line | {name: value}).encode(), asked)
    assert [error.code for error in found.errors] == [code]


# --- how such a body is kept --------------------------------------------------------------------
def test_a_kept_body_reads_as_it_was_read_before(data: Path, asked: ParseContext) -> None:
    found = calls((data / "bedrock/calls.ndjson").read_bytes(), asked)
    blocks = list(keep([found]))
    assert b"CANARY" not in b"".join(blocks)
    assert list(read_kept(blocks)) == [found]


def test_decimals_and_instants_survive_being_kept(context: ParseContext) -> None:
    body = (
        b"initiative,subject,day,surface,requests,minutes_claimed,cost_estimate,as_of\n"
        b"support-replies,uid:1,2026-10-06,api,3,12.25,0.123456,2026-10-07T03:00:00Z\n"
    )
    [found] = canonical.parse([body], content_type=CSV, context=context)
    [again] = read_kept(keep([found]))
    assert again == found
    assert again.rows[0].minutes_claimed == Decimal("12.25")


def test_a_refused_value_is_not_kept(asked: ParseContext) -> None:
    found = calls(b'{"schemaType": "PROMPT-CANARY"}', asked)
    bad = calls(
        b'{"schemaType": "ModelInvocationLog", "timestamp": "PROMPT-CANARY", "requestId": "1"}',
        asked,
    )
    for piece in (found, bad):
        assert piece.errors
        assert b"CANARY" not in b"".join(keep([piece]))
