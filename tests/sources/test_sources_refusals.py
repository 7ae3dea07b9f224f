"""Bad input, case by case: which code, on which line, and that its neighbours are kept."""

import json

import pytest

from adoption.sources.rows import ParseContext
from organizations.sources.reading import ECHOED_CHARACTERS, Code, ReadError, excerpt
from tests.sources.reading import CSV, GOOD, JSON, NDJSON, line_of, read

WEEK = {"day": None, "grain": "week", "period_start": "2026-10-05", "period_end": "2026-10-12"}

VALUES: list[tuple[dict[str, object], Code, str]] = [
    ({"initiative": "copilot-v2"}, Code.UNKNOWN_INITIATIVE, "initiative"),
    ({"initiative": "Support-Replies"}, Code.UNKNOWN_INITIATIVE, "initiative"),
    ({"initiative": None}, Code.MISSING_FIELD, "initiative"),
    ({"initiative": 7}, Code.BAD_TYPE, "initiative"),
    ({"initiative": "x" * 81}, Code.TOO_LONG, "initiative"),
    ({"organization": "acme"}, Code.OTHER_ORGANIZATION, "organization"),
    ({"subject": None}, Code.MISSING_FIELD, "subject"),
    ({"subject": ""}, Code.MISSING_FIELD, "subject"),
    ({"subject": "bo.chen@acme.test"}, Code.BAD_SUBJECT, "subject"),
    ({"subject": "mail:bo@acme.test"}, Code.BAD_SUBJECT, "subject"),
    ({"subject": "EMAIL:bo@acme.test"}, Code.BAD_SUBJECT, "subject"),
    ({"subject": "uid:"}, Code.BAD_SUBJECT, "subject"),
    ({"subject": "uid: "}, Code.BAD_SUBJECT, "subject"),
    ({"subject": 1002}, Code.BAD_TYPE, "subject"),
    ({"subject": ["uid:1"]}, Code.BAD_TYPE, "subject"),
    ({"subject": "email:bo"}, Code.BAD_EMAIL, "subject"),
    ({"subject": "email:a b@acme.test"}, Code.BAD_EMAIL, "subject"),
    ({"subject": "email:a@b@acme.test"}, Code.BAD_EMAIL, "subject"),
    ({"subject": "uid:" + "9" * 255}, Code.TOO_LONG, "subject"),
    ({"subject": "uid:1\u0000"}, Code.CONTROL_CHARACTER, "subject"),
    ({"subject": "uid:1\u007f"}, Code.CONTROL_CHARACTER, "subject"),
    ({"subject": "uid:\u202e1"}, Code.CONTROL_CHARACTER, "subject"),
    ({"subject": "login:a\u2066b"}, Code.CONTROL_CHARACTER, "subject"),
    ({"subject": "login:a\nb"}, Code.CONTROL_CHARACTER, "subject"),
    ({"person": "bo@acme.test"}, Code.BAD_SUBJECT, "person"),
    ({"subject": None, "person": "bo"}, Code.BAD_EMAIL, "person"),
    ({"day": None}, Code.MISSING_FIELD, "day"),
    ({"day": "2026-13-24"}, Code.BAD_DATE, "day"),
    ({"day": "2026-02-29"}, Code.BAD_DATE, "day"),
    ({"day": "06.10.2026"}, Code.BAD_DATE, "day"),
    ({"day": "10/06/2026"}, Code.BAD_DATE, "day"),
    ({"day": "20261006"}, Code.BAD_DATE, "day"),
    ({"day": "2026-W41-2"}, Code.BAD_DATE, "day"),
    ({"day": "2026-10-06T00:00:00Z"}, Code.BAD_DATE, "day"),
    ({"day": "２０２６-10-06"}, Code.BAD_DATE, "day"),  # noqa: RUF001 - full-width digits
    ({"day": 20261006}, Code.BAD_TYPE, "day"),
    ({"day": "2014-12-31"}, Code.BEFORE_2015, "day"),
    ({"day": "2026-11-23"}, Code.TIME_IN_FUTURE, "day"),
    ({"grain": "week"}, Code.BAD_PERIOD, "period_start"),
    ({"period_start": "2026-10-06"}, Code.BAD_PERIOD, "period_start"),
    ({**WEEK, "grain": "fortnight"}, Code.UNKNOWN_GRAIN, "grain"),
    ({**WEEK, "grain": None}, Code.MISSING_FIELD, "day"),
    ({**WEEK, "period_end": None}, Code.MISSING_FIELD, "period_end"),
    ({**WEEK, "period_end": "2026-10-11"}, Code.BAD_PERIOD, "period_start"),
    ({**WEEK, "period_end": "2026-09-28"}, Code.BAD_PERIOD, "period_start"),
    (
        {**WEEK, "period_start": "2026-10-06", "period_end": "2026-10-13"},
        Code.BAD_PERIOD,
        "period_start",
    ),
    ({**WEEK, "week_start": "sun"}, Code.BAD_PERIOD, "week_start"),
    ({**WEEK, "grain": "month"}, Code.BAD_PERIOD, "period_start"),
    ({**WEEK, "grain": "cycle", "period_end": "2026-10-05"}, Code.BAD_PERIOD, "period_start"),
    ({**WEEK, "grain": "cycle", "period_end": "2028-10-05"}, Code.BAD_PERIOD, "period_start"),
    ({**WEEK, "active_days": 8}, Code.OUT_OF_RANGE, "active_days"),
    ({"active_days": 2}, Code.OUT_OF_RANGE, "active_days"),
    ({"surface": "browser"}, Code.UNKNOWN_SURFACE, "surface"),
    ({"surface": "Chat"}, Code.UNKNOWN_SURFACE, "surface"),
    ({"interactions": None}, Code.MISSING_FIELD, "interactions"),
    ({"interactions": -1}, Code.NEGATIVE, "interactions"),
    ({"interactions": 1.5}, Code.BAD_TYPE, "interactions"),
    ({"interactions": 11.0}, Code.BAD_TYPE, "interactions"),
    ({"interactions": "11"}, Code.BAD_TYPE, "interactions"),
    ({"interactions": True}, Code.BAD_TYPE, "interactions"),
    ({"interactions": [11]}, Code.BAD_TYPE, "interactions"),
    ({"interactions": 2**63}, Code.OUT_OF_RANGE, "interactions"),
    ({"sessions": -3}, Code.NEGATIVE, "sessions"),
    ({"requests": "many"}, Code.BAD_TYPE, "requests"),
    ({"suggestions": {}}, Code.BAD_TYPE, "suggestions"),
    ({"accepted": False}, Code.BAD_TYPE, "accepted"),
    ({"rejected": -1}, Code.NEGATIVE, "rejected"),
    ({"tokens_in": 1.0}, Code.BAD_TYPE, "tokens_in"),
    ({"tokens_cached": "1"}, Code.BAD_TYPE, "tokens_cached"),
    ({"tokens_out": -1}, Code.NEGATIVE, "tokens_out"),
    ({"active": 1}, Code.BAD_TYPE, "active"),
    ({"active": "true"}, Code.BAD_TYPE, "active"),
    ({"active": "yes"}, Code.BAD_TYPE, "active"),
    ({"minutes_claimed": "1_000"}, Code.BAD_TYPE, "minutes_claimed"),
    ({"minutes_claimed": "１２"}, Code.BAD_TYPE, "minutes_claimed"),  # noqa: RUF001 - full-width
    ({"minutes_claimed": -0.5}, Code.NEGATIVE, "minutes_claimed"),
    ({"minutes_claimed": 10**9}, Code.OUT_OF_RANGE, "minutes_claimed"),
    ({"cost_estimate": "1,50"}, Code.BAD_TYPE, "cost_estimate"),
    ({"cost_estimate": "1e3"}, Code.BAD_TYPE, "cost_estimate"),
    ({"cost_estimate": "$5"}, Code.BAD_TYPE, "cost_estimate"),
    ({"cost_estimate": "=1+1"}, Code.BAD_TYPE, "cost_estimate"),
    ({"cost_estimate": "NaN"}, Code.NOT_FINITE, "cost_estimate"),
    ({"cost_estimate": "Infinity"}, Code.NOT_FINITE, "cost_estimate"),
    ({"cost_estimate": True}, Code.BAD_TYPE, "cost_estimate"),
    ({"cost_estimate": "1" * 41}, Code.TOO_LONG, "cost_estimate"),
    ({"cost_estimate": "1" * 13}, Code.OUT_OF_RANGE, "cost_estimate"),
    ({"currency": "euro"}, Code.BAD_CURRENCY, "currency"),
    ({"currency": "eur"}, Code.BAD_CURRENCY, "currency"),
    ({"scope": 999}, Code.BAD_TYPE, "scope"),
    ({"scope": "x" * 121}, Code.TOO_LONG, "scope"),
    ({"scope": "a\u200eb"}, Code.CONTROL_CHARACTER, "scope"),
    ({"source": "x" * 61}, Code.TOO_LONG, "source"),
    ({"external_id": "x" * 201}, Code.TOO_LONG, "external_id"),
    ({"as_of": "2026-10-07T03:00:00"}, Code.OFFSET_MISSING, "as_of"),
    ({"as_of": "2026-10-07"}, Code.BAD_DATE, "as_of"),
    ({"as_of": "2026-10-07 03:00:00Z"}, Code.BAD_DATE, "as_of"),
    ({"as_of": "2026-10-07T25:00:00Z"}, Code.BAD_DATE, "as_of"),
    ({"as_of": "0001-01-01T00:00:00+10:00"}, Code.BAD_DATE, "as_of"),
    ({"as_of": 1759740000}, Code.BAD_TYPE, "as_of"),
    ({"as_of": "2026-11-22T21:00:01Z"}, Code.TIME_IN_FUTURE, "as_of"),
    ({"as_of": "2014-12-31T23:59:59Z"}, Code.BEFORE_2015, "as_of"),
]

LINES: list[tuple[bytes, Code]] = [
    (b"not json", Code.BAD_JSON),
    (b"[1,2]", Code.BAD_JSON),
    (b'"text"', Code.BAD_JSON),
    (line_of()[:-1], Code.BAD_JSON),
    (line_of() + b" trailing", Code.BAD_JSON),
    (line_of()[:-1] + b',"interactions":12}', Code.DUPLICATE_KEY),
    (line_of()[:-1] + b',"extra":{"a":1,"a":2}}', Code.DUPLICATE_KEY),
    (line_of().replace(b"11", b"NaN"), Code.NOT_FINITE),
    (line_of().replace(b"11", b"-Infinity"), Code.NOT_FINITE),
    (line_of().replace(b"11", b"1e400"), Code.NOT_FINITE),
    (line_of().replace(b"11", b"9" * 41), Code.OUT_OF_RANGE),
    (line_of().replace(b"11", b"011"), Code.BAD_JSON),
    (line_of(subject="login:a\ud800b"), Code.CONTROL_CHARACTER),
    (line_of(subject="email:bo@acme.test").replace(b"bo", b"b\xff"), Code.NOT_UTF8),
    (line_of()[:-1] + b',"extra":' + b"[" * 40 + b"]" * 40 + b"}", Code.TOO_DEEP),
    (line_of()[:-1] + b',"extra":' + b"[" * 30_000, Code.TOO_DEEP),
    (line_of(extra="x" * 65_536), Code.TOO_LONG),
    (line_of(**{f"f{n}": n for n in range(200)}), Code.TOO_MANY_FIELDS),
]

CELLS: list[tuple[str, Code, str]] = [
    ("support-replies,uid:1,2026-10-06,chat,1_000", Code.BAD_TYPE, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat,１２", Code.BAD_TYPE, "interactions"),  # noqa: RUF001
    ("support-replies,uid:1,2026-10-06,chat,1.0", Code.BAD_TYPE, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat,1e3", Code.BAD_TYPE, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat,+1", Code.BAD_TYPE, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat,-1", Code.NEGATIVE, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat,nan", Code.NOT_FINITE, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat,true", Code.BAD_TYPE, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat," + "1" * 41, Code.TOO_LONG, "interactions"),
    (
        "support-replies,uid:1,2026-10-06,chat,9223372036854775808",
        Code.OUT_OF_RANGE,
        "interactions",
    ),
    ("support-replies,uid:1,2026-10-06,chat,", Code.MISSING_FIELD, "interactions"),
    ("support-replies,uid:1,2026-10-06,chat,1,", Code.SURPLUS_CELLS, ""),
    ("support-replies,uid:1,2026-10-06,chat", Code.MISSING_CELLS, ""),
    ("support-replies,uid:1,2026-10-06,web,1", Code.UNKNOWN_SURFACE, "surface"),
    ('support-replies,"uid:1"x,2026-10-06,chat,1', Code.BAD_CSV, ""),
    ('support-replies,"uid:1,2026-10-06,chat,1', Code.BAD_CSV, ""),
    ("support-replies,uid:1\r2,2026-10-06,chat,1", Code.BAD_CSV, ""),
    ("support-replies,uid:1\x002,2026-10-06,chat,1", Code.CONTROL_CHARACTER, "subject"),
    ("support-replies,uid:" + "1" * 8200 + ",2026-10-06,chat,1", Code.TOO_LONG, ""),
    ("support-replies,uid:" + "1" * 66_000 + ",2026-10-06,chat,1", Code.TOO_LONG, ""),
    ("support-replies,uid:\udcff,2026-10-06,chat,1", Code.NOT_UTF8, ""),
]


@pytest.mark.parametrize(("changes", "code", "field"), VALUES)
@pytest.mark.parametrize("content_type", [NDJSON, JSON])
def test_a_bad_value_costs_its_line_only(
    changes: dict[str, object], code: Code, field: str, content_type: str, context: ParseContext
) -> None:
    rows = [line_of(), line_of(), line_of(**changes), line_of()]
    body = b"\n".join(rows) if content_type == NDJSON else b"[" + b",".join(rows) + b"]"
    found = read(body, content_type, context)
    assert [(e.line, e.code, e.field) for e in found.errors] == [(3, code, field)]
    assert [row.line for row in found.rows] == [1, 2, 4]
    assert (found.lines, found.lines_rejected, found.facts_rejected) == (4, 1, 1)


@pytest.mark.parametrize(("line", "code"), LINES)
def test_a_line_that_is_no_row_costs_itself_only(
    line: bytes, code: Code, context: ParseContext
) -> None:
    found = read(b"\r\n".join([line_of(), line, line_of()]), NDJSON, context)
    assert [(e.line, e.code) for e in found.errors] == [(2, code)]
    assert [row.line for row in found.rows] == [1, 3]


@pytest.mark.parametrize(("row", "code", "field"), CELLS)
def test_a_bad_cell_costs_its_row_only(
    row: str, code: Code, field: str, context: ParseContext
) -> None:
    good = ",".join(map(str, GOOD.values()))
    body = "\n".join([",".join(GOOD), good, row, good]).encode(errors="surrogateescape")
    found = read(body, CSV, context)
    assert [(e.line, e.code, e.field) for e in found.errors] == [(3, code, field)]
    assert [r.line for r in found.rows] == [2, 4]


def test_a_quote_that_never_closes_does_not_swallow_the_rows_after_it(
    context: ParseContext,
) -> None:
    good = ",".join(map(str, GOOD.values()))
    body = "\n".join([",".join(GOOD), '"' + good, *[good] * 2000]).encode()
    found = read(body, CSV, context)
    assert [(e.line, e.code) for e in found.errors] == [(2, Code.BAD_CSV)]
    assert len(found.rows) == 2000


def test_truth_in_a_table_is_written_in_four_words(context: ParseContext) -> None:
    words = ["true", "TRUE", "1", "false", "False", "0", "yes", "t", "2"]
    rows = [f"support-replies,uid:{n},2026-10-06,{word}" for n, word in enumerate(words)]
    body = "\n".join(["initiative,subject,day,active", *rows]).encode()
    found = read(body, CSV, context)
    assert [row.active for row in found.rows] == [True] * 3 + [False] * 3
    assert {error.code for error in found.errors} == {Code.BAD_TYPE}


def test_errors_show_little_and_never_a_secret(context: ParseContext) -> None:
    secrets = [
        "lm_7Q2cAbCd_0123456789abcdef0123456789abcdef",
        "Bearer abcdef",
        "sk-proj-abcdefgh",
        "ghp_abcdefghijkl",
    ]
    body = b"\n".join(
        [
            *(line_of(initiative=secret) for secret in secrets),
            *(line_of(subject=f"key {secret}") for secret in secrets),
            line_of(surface="a very long word " * 9),
            *(
                line_of()[:-1]
                + json.dumps({s: 1, "x": 2}).encode()[1:-1].join([b",", b",%s}"])
                % json.dumps({s: 2}).encode()[1:-1]
                for s in secrets
            ),
        ]
    )
    found = read(body, NDJSON, context)
    assert found.lines_rejected == found.lines == 13
    for error in found.errors:
        shown = f"{error.message} {error.value} {error.field}"
        assert not any(secret in shown for secret in secrets)
        assert len(error.value or "") <= ECHOED_CHARACTERS
        assert len(error.message) <= 400
        assert shown.isprintable()


def test_what_is_shown_of_a_value_is_printable() -> None:
    assert excerpt("a\x1b[31m\u202eb") == "a\ufffd[31m\ufffdb"
    assert excerpt(None) is None
    assert excerpt({"prompt": "text"}) is None
    assert len(excerpt("x" * 1000) or "") == ECHOED_CHARACTERS
    assert ReadError(Code.BAD_DATE, "m", field="f", value="v").at(7).line == 7
