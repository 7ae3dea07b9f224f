"""Canonical usage rows: the good ones, the counts, and that both ways of reading agree."""

import dataclasses
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.sources.canonical import COLUMNS, parse, read_row
from adoption.sources.quick import QuickCells, QuickLines
from adoption.sources.rows import (
    Grain,
    ParseContext,
    Parsed,
    SubjectKind,
    Surface,
    UsageRow,
    qualifying_use,
    used,
)
from organizations.sources.fields import Fields
from organizations.sources.reading import Code, EnvelopeError, ReadError
from tests.sources.reading import CSV, GOOD, JSON, NDJSON, PATIENT, line_of, read


def test_every_field_of_the_contract_arrives(data: Path, context: ParseContext) -> None:
    found = read((data / "canonical/usage.ndjson").read_bytes(), NDJSON, context)
    assert (found.errors, found.warnings) == ([], [])
    assert (found.lines, found.lines_empty, len(found.rows)) == (6, 1, 5)
    chat, person, week, gateway, rolling = found.rows
    assert (chat.kind, chat.external_id) == (SubjectKind.EMAIL, "bo.chen@acme.test")
    assert (chat.period_start, chat.period_end) == (date(2026, 10, 6), date(2026, 10, 7))
    assert (chat.grain, chat.surface, chat.interactions) == (Grain.DAY, Surface.CHAT, 11)
    assert (chat.source, chat.scope, chat.active, chat.accepted) == ("nightly-key", "", True, None)
    assert (person.external_id, person.surface) == ("ines@acme.test", Surface.ALL)
    assert person.as_of == datetime(2026, 10, 7, 1, tzinfo=UTC)
    assert (week.grain, week.week_start, week.active_days) == (Grain.WEEK, "sun", 3)
    assert (week.external_id, week.active) == ("6f9619ff-8b86-d011-b42d-00c04fc964ff", True)
    assert (gateway.external_id, gateway.cost_micros, gateway.currency) == ("08841", 123456, "EUR")
    assert (gateway.minutes_claimed, gateway.event_id) == (Decimal("12.50"), "evt-1")
    assert gateway.active is None
    assert (rolling.line, rolling.grain, rolling.active) == (6, Grain.ROLLING_7, True)


def test_a_spreadsheet_export_is_read_strictly(data: Path, context: ParseContext) -> None:
    found = read((data / "canonical/excel.csv").read_bytes(), CSV, context)
    assert [(row.line, row.interactions, row.accepted) for row in found.rows] == [
        (2, 11, None),
        (3, 0, 3),
        (10, 5, None),
    ]
    assert [(e.line, e.field, e.code) for e in found.errors] == [
        (6, "day", Code.BAD_DATE),
        (7, "interactions", Code.BAD_TYPE),
        (8, "", Code.SURPLUS_CELLS),
        (9, "", Code.BAD_CSV),
    ]
    assert (found.lines, found.lines_empty, found.lines_rejected) == (8, 1, 4)
    assert found.warnings == ["Not read, unknown: team."]


def test_a_json_document_counts_rows_from_one(data: Path, context: ParseContext) -> None:
    found = read((data / "canonical/usage.json").read_bytes(), JSON, context)
    assert [row.line for row in found.rows] == [1, 3]
    assert [(e.line, e.field, e.code, e.value) for e in found.errors] == [
        (2, "interactions", Code.BAD_TYPE, "11")
    ]
    single = read(json.dumps(GOOD).encode(), JSON, context)
    assert [row.line for row in single.rows] == [1]


@pytest.mark.parametrize("name", ["usage.ndjson", "excel.csv"])
def test_where_blocks_are_cut_makes_no_difference(
    name: str, data: Path, context: ParseContext
) -> None:
    content_type = CSV if name.endswith("csv") else NDJSON
    body = (data / "canonical" / name).read_bytes()
    whole = read(body, content_type, context)
    for cut in range(len(body)):
        assert read([body[:cut], body[cut:]], content_type, context) == whole
    assert read([body[i : i + 1] for i in range(len(body))], content_type, context) == whole


@pytest.mark.parametrize("content_type", [NDJSON, JSON, "application/json; charset=UTF-8", CSV])
def test_an_empty_body_states_nothing(content_type: str, context: ParseContext) -> None:
    assert read(b"", content_type, context) == Parsed()


def test_pieces_are_bounded_and_add_up(context: ParseContext) -> None:
    body = (line_of() + b"\n" + line_of(day="x") + b"\n" + b"\n") * 15_000
    for content_type, sent in (
        (NDJSON, body),
        (JSON, b"[" + body[:-2].replace(b"\n\n", b"\n").replace(b"\n", b",") + b"]"),
    ):
        pieces = list(parse([sent], content_type=content_type, context=context))
        assert max(len(piece.rows) + len(piece.errors) for piece in pieces) <= 20_000
        assert len(pieces) > 1
        assert sum(len(piece.rows) for piece in pieces) == 15_000
        assert sum(piece.lines_rejected for piece in pieces) == 15_000
        lines = sum(piece.lines for piece in pieces)
        assert lines == 30_000 + sum(piece.lines_empty for piece in pieces)


def test_memory_does_not_grow_with_a_line_format(context: ParseContext) -> None:
    def blocks(count: int) -> Iterator[bytes]:
        return ((line_of(interactions=n % 50) + b"\n") * 500 for n in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        for piece in parse(blocks(count), content_type=NDJSON, context=context):
            piece.rows.clear()
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(160) < 1.3 * peak(80)


def test_more_than_a_million_rows_are_refused(
    context: ParseContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("organizations.sources.collecting.MAX_ROWS", 3)
    assert len(read((line_of() + b"\n") * 3, NDJSON, context).rows) == 3
    with pytest.raises(EnvelopeError) as refused:
        read((line_of() + b"\n") * 4, NDJSON, context)
    assert (refused.value.code, refused.value.status) == ("too_many_rows", 413)


def test_unknown_columns_are_named_once_and_ten_at_most(context: ParseContext) -> None:
    many = {f"extra{n}": n for n in range(12)}
    found = read(line_of(**many) + b"\n" + line_of(**many), NDJSON, context)
    assert len(found.rows) == 2
    listed = ", ".join(f"extra{n}" for n in range(10))
    assert found.warnings == [f"Not read, unknown: {listed} and more."]


@pytest.mark.parametrize(
    ("body", "content_type", "code", "status"),
    [
        (b"[]", NDJSON, "wrong_content_type", 415),
        (b"{\n", NDJSON, "wrong_content_type", 415),
        (b'{"a":1}', CSV, "wrong_content_type", 415),
        (b"a,b\n", "application/xml", "unsupported_media_type", 415),
        (b"a,b\n", "", "unsupported_media_type", 415),
        (b"a,b\n", "text/csv; charset=iso-8859-1", "unsupported_media_type", 415),
        (b"a,b,A\n1,2,3\n", CSV, "duplicate_column", 400),
        (b'a,"b\n1,2\n', CSV, "no_header", 400),
        (b"\xff\xfea\n", CSV, "no_header", 400),
        (b",".join(b"c%d" % n for n in range(201)), CSV, "too_many_columns", 400),
        (b"{]", JSON, "bad_json", 400),
    ],
)
def test_a_body_of_another_form_is_refused_whole(
    body: bytes, content_type: str, code: str, status: int, context: ParseContext
) -> None:
    with pytest.raises(EnvelopeError) as refused:
        read(body, content_type, context)
    assert (refused.value.code, refused.value.status) == (code, status)


def test_the_delimiter_is_taken_from_the_header_line(context: ParseContext) -> None:
    for delimiter in (",", ";", "\t"):
        header = delimiter.join(GOOD)
        row = delimiter.join(f'"{value}"' for value in GOOD.values())
        assert len(read(f"{header}\n{row}\n".encode(), CSV, context).rows) == 1


def test_a_pinned_key_writes_to_its_initiative_and_source_only(context: ParseContext) -> None:
    pinned = dataclasses.replace(
        context, pinned_initiative="claims-triage", pinned_source="nightly-key"
    )
    body = b"\n".join(
        [
            line_of(),
            line_of(initiative="never-heard-of"),
            line_of(initiative="claims-triage"),
            line_of(initiative="claims-triage", source="elsewhere"),
        ]
    )
    found = read(body, NDJSON, pinned)
    assert [row.line for row in found.rows] == [3]
    assert [(e.line, e.code, e.field) for e in found.errors] == [
        (1, Code.OUTSIDE_PIN, "initiative"),
        (2, Code.OUTSIDE_PIN, "initiative"),
        (4, Code.OUTSIDE_PIN, "source"),
    ]
    other = dataclasses.replace(context, pinned_source="github_copilot")
    assert [e.code for e in read(line_of(), NDJSON, other).errors] == [Code.OUTSIDE_PIN]


def test_the_request_may_name_the_initiative(context: ParseContext) -> None:
    row = {key: value for key, value in GOOD.items() if key != "initiative"}
    body = json.dumps(row).encode()
    assert [e.code for e in read(body, NDJSON, context).errors] == [Code.MISSING_FIELD]
    named = dataclasses.replace(context, default_initiative="claims-triage")
    assert [r.initiative for r in read(body, NDJSON, named).rows] == ["claims-triage"]


def test_the_requests_as_of_holds_where_a_row_has_none(context: ParseContext) -> None:
    stated = datetime(2026, 10, 8, tzinfo=UTC)
    dated = dataclasses.replace(context, as_of=stated)
    body = line_of() + b"\n" + line_of(as_of="2026-10-09T00:00:00Z")
    assert [row.as_of for row in read(body, NDJSON, dated).rows] == [
        stated,
        datetime(2026, 10, 9, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("interactions", "accepted", "active", "active_days", "outcome"),
    [
        (1, None, None, None, True),
        (0, 1, None, None, True),
        (None, 1, False, None, True),
        (0, 0, True, 5, False),
        (0, None, True, None, False),
        (None, None, True, None, True),
        (None, None, False, None, False),
        (None, None, None, 2, True),
        (None, None, None, 0, False),
        (None, 0, True, None, True),
        (None, 0, None, None, False),
        (None, None, None, None, None),
    ],
)
def test_the_qualifying_use_rule(
    interactions: int | None,
    accepted: int | None,
    active: bool | None,
    active_days: int | None,
    outcome: bool | None,
    context: ParseContext,
) -> None:
    stated = {
        "interactions": interactions,
        "accepted": accepted,
        "active": active,
        "active_days": active_days,
    }
    assert qualifying_use(**stated) is outcome
    week = {"grain": "week", "period_start": "2026-10-05", "period_end": "2026-10-12"}
    body = line_of(day=None, **week, **{**stated, "sessions": 1})
    [row] = read(body, NDJSON, context).rows
    assert row.active is outcome
    assert used(row) is bool(outcome)


COUNT = st.none() | st.integers(-1, 2**63) | st.sampled_from(["1", 1.5, True])
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "initiative": st.sampled_from(["support-replies", "claims-triage", "none", "", None]),
        "subject": st.sampled_from(
            ["email:Bo@Acme.test", "uid:0012", "login:Ärger", "uid:", "x:1", "upn:a b@c", "guid:A"]
        )
        | st.text(max_size=12).map("login:{}".format),
        "day": st.sampled_from(["2026-10-06", "2026-02-30", "2014-12-31", "2026-12-31", "6.10.26"]),
        "surface": st.sampled_from(["chat", "CHAT", "all", "x", "", None]),
        "interactions": COUNT,
        "accepted": COUNT,
        "sessions": COUNT,
        "tokens_in": COUNT,
        "active": st.sampled_from([True, False, None, 1, "true"]),
        "active_days": COUNT,
        "scope": st.sampled_from(["", "999", " 9 ", None]) | st.text(max_size=5),
        "as_of": st.sampled_from(["2026-10-07T00:00:00Z", "2026-10-07T00:00:00", "x", "", None]),
        "external_id": st.sampled_from(["e,1", "", None]),
        "note": st.just("text"),
    },
)


def careful(fields: Fields, context: ParseContext) -> UsageRow | Code:
    try:
        return read_row(1, fields, context)
    except ReadError as error:
        return error.code


@PATIENT
@given(row=ROWS, escaped=st.booleans())
def test_the_quick_way_and_the_careful_way_give_the_same_json_rows(
    row: dict[str, object], escaped: bool, context: ParseContext
) -> None:
    quick = QuickLines(context).row(1, json.dumps(row, ensure_ascii=escaped).encode())
    if quick is not None:
        assert quick == careful(Fields(row, written=False), context)


@PATIENT
@given(row=ROWS)
def test_the_quick_way_and_the_careful_way_give_the_same_cells(
    row: dict[str, object], context: ParseContext
) -> None:
    names = list(row)
    cells = ["" if value is None else str(value) for value in row.values()]
    quick = QuickCells(names, COLUMNS.known, context).row(1, cells)
    if quick is not None:
        written = Fields(dict(zip(names, cells, strict=True)), written=True)
        assert quick == careful(written, context)


def test_typical_rows_do_take_the_quick_way(context: ParseContext) -> None:
    assert QuickLines(context).row(1, line_of()) is not None
    assert QuickLines(context).row(1, line_of(accepted=None, as_of="2026-10-07T00:00:00Z"))
    assert QuickLines(context).row(1, line_of()[:-1] + b', "interactions": 2}') is None
    cells = [str(value) for value in GOOD.values()]
    assert QuickCells(list(GOOD), COLUMNS.known, context).row(1, cells) is not None


def test_the_three_forms_give_the_same_rows(context: ParseContext) -> None:
    rows = [{**GOOD, "day": f"2026-10-{n:02}", "interactions": n} for n in range(1, 29)]
    as_lines = read(b"\n".join(json.dumps(row).encode() for row in rows), NDJSON, context)
    as_document = read(json.dumps(rows).encode(), JSON, context)
    table = "\n".join([",".join(GOOD), *(",".join(map(str, row.values())) for row in rows)])
    as_table = read(table.encode(), CSV, context)
    assert as_lines.rows == as_document.rows
    assert [msgspec.structs.replace(row, line=row.line - 1) for row in as_table.rows] == (
        as_lines.rows
    )


def test_a_long_table_comes_in_pieces_too(context: ParseContext) -> None:
    row = ",".join(map(str, GOOD.values()))
    body = "\n".join([",".join(GOOD), *[row] * 30_000]).encode()
    pieces = list(parse([body], content_type=CSV, context=context))
    assert [len(piece.rows) for piece in pieces] == [20_000, 10_000]
    assert pieces[1].rows[-1].line == 30_001


def test_what_repeats_from_row_to_row_is_remembered_rightly(context: ParseContext) -> None:
    scopes = ["a", " a ", "b", "", None] * 3
    dated = dataclasses.replace(context, as_of=datetime(2026, 10, 8, tzinfo=UTC))
    stated = ["2026-10-09T02:00:00+02:00", None, "2026-10-10T00:00:00Z", None, ""] * 3
    body = b"\n".join(
        line_of(scope=scope, as_of=as_of) for scope, as_of in zip(scopes, stated, strict=True)
    )
    found = read(body, NDJSON, dated)
    assert found.errors == []
    assert [row.scope for row in found.rows] == ["a", "a", "b", "", ""] * 3
    assert [row.as_of.day for row in found.rows if row.as_of] == [9, 8, 10, 8, 8] * 3
