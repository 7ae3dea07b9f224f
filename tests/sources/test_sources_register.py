"""People, initiatives and eligibility rules."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from organizations.sources.directory import parse_people
from organizations.sources.fields import identity
from organizations.sources.reading import Code, EnvelopeError
from portfolio.calculations.stages import Origin, Rule, Stage
from portfolio.calculations.statement import GOOD_OUTCOME, vague_outcome
from portfolio.sources.register import parse_eligibility, parse_initiatives
from tests.sources.reading import CSV, JSON, NDJSON


def test_people_arrive_with_their_spans_and_aliases(data: Path) -> None:
    [found] = parse_people([(data / "directory/people.csv").read_bytes()], content_type=CSV)
    bo, ines = found.rows
    assert (bo.external_id, bo.email, bo.job_role) == ("1002", "bo.chen@acme.test", "Service agent")
    assert bo.department == ("Operations", "Customer service", "Phones")
    assert bo.aliases == ("login:bo", "uid:1002")
    assert (bo.start, bo.end, bo.as_of) == (date(2024, 3, 1), None, None)
    assert (ines.external_id, ines.name) == ("", "Inês Duarte")
    assert (ines.leave_from, ines.leave_to) == (date(2026, 1, 1), date(2026, 3, 31))
    assert [(e.line, e.field, e.code) for e in found.errors] == [
        (4, "email", Code.BAD_EMAIL),
        (5, "department", Code.BAD_KEY),
        (6, "end", Code.BAD_PERIOD),
        (7, "leave_from", Code.MISSING_FIELD),
        (8, "aliases", Code.BAD_ALIAS),
        (9, "name", Code.MISSING_FIELD),
    ]
    assert found.warnings == [
        "manager_email is not read: the directory keeps no managers.",
        "Not read, unknown: cost centre.",
    ]


def test_people_come_as_json_too() -> None:
    person = {"email": "bo@acme.test", "name": "Bo", "eligible_from": "2026-01-01", "as_of": None}
    for body, content_type in (
        (json.dumps(person), NDJSON),
        (json.dumps([person]), JSON),
        (json.dumps({**person, "job_title": "Agent"}), JSON),
    ):
        [found] = parse_people([body.encode()], content_type=content_type)
        assert found.errors == []
        assert found.rows[0].eligible_from == date(2026, 1, 1)
    assert found.rows[0].job_role == "Agent"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"email": "a@b\u202e.test"}, "email", Code.CONTROL_CHARACTER),
        ({"name": "x" * 201}, "name", Code.TOO_LONG),
        ({"department": "A / " + "x" * 121}, "department", Code.TOO_LONG),
        ({"aliases": "login:"}, "aliases", Code.BAD_ALIAS),
        ({"aliases": "email:bo"}, "aliases", Code.BAD_EMAIL),
        ({"aliases": " ".join(f"uid:{n}" for n in range(21))}, "aliases", Code.TOO_LONG),
        ({"as_of": "2026-01-01T00:00:00"}, "as_of", Code.OFFSET_MISSING),
        ({"start": "01/02/2026"}, "start", Code.BAD_DATE),
        ({"external_id": 1002}, "external_id", Code.BAD_TYPE),
        ({"job_role": "A", "job_title": "B"}, "", Code.DUPLICATE_KEY),
    ],
)
def test_bad_people_are_row_errors(changes: dict[str, object], field: str, code: Code) -> None:
    body = json.dumps({"email": "bo@acme.test", "name": "Bo", **changes}).encode()
    [found] = parse_people([body], content_type=NDJSON)
    assert [(e.line, e.field, e.code) for e in found.errors] == [(1, field, code)]


@pytest.mark.parametrize("header", ["email;department", "name,e-mail", "Bo Chen,bo@acme.test"])
def test_a_missing_required_column_refuses_the_table(header: str) -> None:
    with pytest.raises(EnvelopeError) as refused:
        list(parse_people([header.encode() + b"\n"], content_type=CSV))
    assert refused.value.code == "missing_column"


def test_two_columns_of_one_meaning_refuse_the_table() -> None:
    with pytest.raises(EnvelopeError) as refused:
        list(parse_people([b"email,name,job_role,job_title\n"], content_type=CSV))
    assert refused.value.code == "duplicate_column"


def test_initiatives_are_checked_field_by_field(data: Path) -> None:
    [found] = parse_initiatives(
        [(data / "portfolio/initiatives.csv").read_bytes()], content_type=CSV
    )
    first, last = found.rows
    assert (first.key, first.stage, first.origin) == (
        "support-replies",
        Stage.LIVE,
        Origin.BUSINESS,
    )
    assert (first.monthly_budget, first.fte, first.target_date) == (
        Decimal(12000),
        Decimal("1.5"),
        date(2027, 3, 31),
    )
    assert (last.line, last.stage, last.outcome) == (
        11,
        Stage.PILOT,
        "Decide small claims within one day",
    )
    assert [(e.line, e.field, e.code) for e in found.errors] == [
        (3, "outcome", Code.VAGUE_OUTCOME),
        (4, "key", Code.BAD_KEY),
        (5, "stage", Code.UNKNOWN_WORD),
        (6, "target_date", Code.BAD_DATE),
        (7, "monthly_budget", Code.BAD_TYPE),
        (8, "monthly_budget", Code.OUT_OF_RANGE),
        (9, "currency", Code.BAD_CURRENCY),
        (10, "target", Code.MISSING_FIELD),
    ]
    assert GOOD_OUTCOME in found.errors[0].message


def test_eligibility_rules_name_the_value_they_need(data: Path) -> None:
    [found] = parse_eligibility(
        [(data / "portfolio/eligibility.csv").read_bytes()], content_type=CSV
    )
    assert [(r.line, r.rule, r.value, r.seat) for r in found.rows] == [
        (2, Rule.DEPARTMENT, "Operations / Customer service", True),
        (3, Rule.ALL, "", None),
        (4, Rule.PERSON, "bo.chen@acme.test", False),
        (5, Rule.JOB_ROLE, "Service agent", None),
    ]
    assert (found.rows[1].start, found.rows[1].end) == (date(2026, 4, 1), date(2026, 12, 31))
    assert [(e.line, e.field, e.code) for e in found.errors] == [
        (6, "value", Code.BAD_TYPE),
        (7, "value", Code.MISSING_FIELD),
        (8, "rule", Code.UNKNOWN_WORD),
        (9, "from", Code.MISSING_FIELD),
        (10, "to", Code.BAD_PERIOD),
        (11, "value", Code.BAD_EMAIL),
        (12, "seat", Code.BAD_TYPE),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Implement generative AI",
        "implement Generative AI across the business!",
        "Use Copilot in all departments",
        "Drive AI adoption and productivity",
        "Leverage LLMs to transform the enterprise",
        "Be AI-first",
        "AI",
        "",
        "Roll out a chatbot for everyone",
        "Improve efficiency with machine learning",
    ],
)
def test_a_vague_outcome_is_known_as_one(text: str) -> None:
    assert vague_outcome(text)


@pytest.mark.parametrize(
    "text",
    [
        GOOD_OUTCOME,
        "Decide small claims within one day",
        "Halve the invoices matched by hand",
        "First answer to customers under 4 hours",
        "Weniger Rückfragen im Einkauf",
        "Meeting notes written without a note taker",
    ],
)
def test_an_outcome_that_could_be_seen_is_taken(text: str) -> None:
    assert not vague_outcome(text)


def test_identities_are_folded_once_for_all() -> None:
    assert identity("  Bo.CHEN@Acme.TEST ") == "bo.chen@acme.test"
    assert identity("ＢＯ@acme.test") == "bo@acme.test"  # noqa: RUF001 - full-width letters
    assert identity("STRASSE") == identity("straße")
    assert identity("bo") != identity("bо")  # noqa: RUF001 - the second o is Cyrillic


def test_a_long_directory_comes_in_pieces() -> None:
    rows = "".join(f"p{n}@acme.test,Person {n}\n" for n in range(25_000))
    pieces = list(parse_people([f"email,name\n{rows}".encode()], content_type=CSV))
    assert [len(piece.rows) for piece in pieces] == [20_000, 5_000]
