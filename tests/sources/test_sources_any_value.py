"""One value of a good report, at any depth, becomes anything: a fact or an error, never a failure.

What is taken must also fit the columns it is kept in, and a day's facts must still add up in them.
"""

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.sources.catalogue import SOURCES
from adoption.sources.rows import ParseContext, UsageRow
from organizations.sources.collecting import Parsed
from organizations.sources.directory import parse_people
from organizations.sources.fields import LARGEST_WHOLE
from organizations.sources.reading import MAX_ROWS, EnvelopeError
from portfolio.sources.register import parse_eligibility, parse_initiatives
from tests.sources.reading import CSV, JSON, PATIENT
from tests.sources.test_sources_anything import check

DOCUMENTS = [
    *("claude_code/day.json", "claude_enterprise/day.json", "cursor/day.json"),
    *("google_gemini/activities.json", "litellm/activity.json", "m365_copilot/beta.json"),
    *("openai_usage/day.json", "bedrock/calls.ndjson", "github_copilot/users_1_day.ndjson"),
]
TABLES = [
    *("viva_insights/week.csv", "m365_copilot/graph_v2.csv", "m365_copilot/admin_centre.csv"),
    *("chatgpt_enterprise/weekly.csv", "directory/people.csv"),
    *("portfolio/initiatives.csv", "portfolio/eligibility.csv"),
]
OTHERS = {
    "people.csv": parse_people,
    "initiatives.csv": parse_initiatives,
    "eligibility.csv": parse_eligibility,
}
HOSTILE = st.sampled_from(
    [
        *(2**63 - 1, 2**63, -1, 0, 10**12, 10**40, 1.5, 1e308, True, None, [], {}, [{}]),
        *("", " ", "NaN", "-0", "1_000", "007", "１２", "1e400", "=1+1", "\x00", "\u202e"),  # noqa: RUF001 - full-width
        *("9999-12-31", "0001-01-01", "2015-01-01", "2026-02-30", "9999-12-31T23:59:59Z"),
        *("0001-01-01T00:00:00Z", "2026-10-25T02:30:00+02:00", "a@b@c", "x" * 300),
    ]
)
VALUES = HOSTILE | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything inside a document."""
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for name, child in inside:
        yield (*path, name)
        yield from places(child, (*path, name))


def replaced(document: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


def document_of(file: Path) -> Any:
    if file.suffix == ".ndjson":
        return [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    return json.loads(file.read_bytes())


def fits(row: UsageRow) -> bool:
    """Counts that a million rows may be added of; days that a column holds."""
    counts = (row.interactions, row.requests, row.tokens_in, row.tokens_out, row.cost_micros)
    small = all(count is None or 0 <= count <= LARGEST_WHOLE // MAX_ROWS for count in counts)
    return small and date(2015, 1, 1) <= row.period_start < row.period_end


def pieces_of(file: Path, body: bytes, media: str, context: ParseContext) -> list[Parsed]:
    if file.name in OTHERS:
        return list(OTHERS[file.name]([body], content_type=media))
    source = SOURCES[file.parent.name]
    return list(source.parse([body], content_type=media, context=context))


def examine(file: Path, body: bytes, media: str, context: ParseContext) -> None:
    asked = dataclasses.replace(context, default_initiative="claims-triage", day=date(2026, 10, 6))
    try:
        pieces = pieces_of(file, body, media, asked)
    except EnvelopeError:
        return
    check(pieces)
    rows = [row for piece in pieces for row in piece.rows if isinstance(row, UsageRow)]
    # Where no row is added to another one, a count may be as large as its column.
    if file.parent.name != "github_copilot":
        assert [row for row in rows if not fits(row)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
@PATIENT
@given(value=VALUES, at=st.integers(min_value=0, max_value=10_000))
def test_any_value_anywhere_in_a_document(
    name: str, value: object, at: int, data: Path, context: ParseContext
) -> None:
    good = document_of(data / name)
    paths = list(places(good))
    body = json.dumps(replaced(good, paths[at % len(paths)], value)).encode()
    examine(data / name, body, JSON, context)


@pytest.mark.parametrize("name", TABLES)
@PATIENT
@given(value=VALUES, line=st.integers(0, 100), at=st.integers(0, 100))
def test_any_cell_anywhere_in_a_table(
    name: str, value: object, line: int, at: int, data: Path, context: ParseContext
) -> None:
    rows = [row.split(",") for row in (data / name).read_text().split("\n") if row]
    row = rows[line % len(rows)]
    row[at % len(row)] = '"' + str(value).replace('"', '""') + '"'
    body = "\n".join(",".join(cells) for cells in rows).encode("utf-8", "replace")
    examine(data / name, body, CSV, context)
