"""Whatever stands above it, a row is told by the physical line on which it begins."""

import dataclasses
import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.sources.catalogue import SOURCES
from adoption.sources.rows import ParseContext
from organizations.sources.collecting import Parsed
from organizations.sources.directory import parse_people
from organizations.sources.reading import Code
from portfolio.sources.register import parse_eligibility, parse_initiatives
from tests.sources.reading import CSV, NDJSON, PATIENT

Read = Callable[[bytes, ParseContext], Iterator[Parsed]]
# Good and bad rows, blank lines, rows with cells of several lines, each with its own line ending.
PIECES = st.lists(
    st.tuples(
        st.sampled_from(["good", "bad", "blank", "broken"]),
        st.lists(st.sampled_from(["", "a", ' "b" ', "c,d", "ü"]), min_size=1, max_size=4),
        st.sampled_from(["\n", "\r\n"]),
    ),
    max_size=12,
)


def of_source(name: str, media: str) -> Read:
    def read(body: bytes, context: ParseContext) -> Iterator[Parsed]:
        return SOURCES[name].parse([body], content_type=media, context=context)

    return read


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


# Name: reader, header with a last column for notes, a good row and a bad one, both without notes.
TABLES: dict[str, tuple[Read, str, str, str]] = {
    "canonical": (
        of_source("canonical", CSV),
        "initiative,subject,day,interactions,note",
        "claims-triage,uid:1,2026-10-06,1",
        "claims-triage,uid:1,2026-13-06,1",
    ),
    "chatgpt_enterprise": (
        of_source("chatgpt_enterprise", CSV),
        "public_id,period_start,period_end,messages,name",
        "user-1,2026-10-04,2026-10-10,3",
        "user-1,2026-10-04,2026-10-10,-3",
    ),
    "viva_insights": (
        of_source("viva_insights", CSV),
        "PersonId,MetricDate,Total_Copilot_active_days,Organization",
        "A,2026-10-04,3",
        "A,2026-10-04,8",
    ),
    "m365_copilot": (
        of_source("m365_copilot", CSV),
        "Report Refresh Date,User Principal Name,Last Activity Date,Display Name",
        "2026-10-08,a@acme.test,2026-10-06",
        "2026-10-08,a@acme.test,2026-10-09",
    ),
    "people": (
        lambda body, _: parse_people([body], content_type=CSV),
        "email,name,note",
        "a@acme.test,Ana",
        "a@acme.test,",
    ),
    "initiatives": (
        lambda body, _: parse_initiatives([body], content_type=CSV),
        "key,name,stage,outcome,metric,baseline,target,target_date,note",
        "refunds,R,pilot,Answer a refund request in 8 hours instead of 26,H,26,8,2027-03-31",
        "Refunds,R,pilot,Answer a refund request in 8 hours instead of 26,H,26,8,2027-03-31",
    ),
    "eligibility": (
        lambda body, _: parse_eligibility([body], content_type=CSV),
        "initiative,rule,from,note",
        "claims-triage,all,2026-04-01",
        "claims-triage,team,2026-04-01",
    ),
}
USAGE = {"subject": "uid:1", "day": "2026-10-06", "interactions": 1}
COPILOT = {"user_id": 1, "day": "2026-10-06", "user_initiated_interaction_count": 1}
PERSON = {"email": "a@acme.test", "name": "Ana"}
RULE = {"initiative": "claims-triage", "rule": "all", "from": "2026-04-01"}
LINES: dict[str, tuple[Read, dict[str, object], dict[str, object]]] = {
    "canonical": (of_source("canonical", NDJSON), USAGE, USAGE | {"day": "x"}),
    "github_copilot": (of_source("github_copilot", NDJSON), COPILOT, COPILOT | {"day": "x"}),
    "people": (
        lambda body, _: parse_people([body], content_type=NDJSON),
        PERSON,
        PERSON | {"email": "a"},
    ),
    "eligibility": (
        lambda body, _: parse_eligibility([body], content_type=NDJSON),
        RULE,
        RULE | {"rule": "team"},
    ),
}


def told(pieces: Iterator[Parsed]) -> tuple[list[int], list[int]]:
    """Lines of the good rows, and of the refused ones."""
    found = list(pieces)
    good = [row.line for piece in found for row in piece.rows]
    return good, [error.line for piece in found for error in piece.errors]


@pytest.fixture(scope="module")
def asked(context: ParseContext) -> ParseContext:
    return dataclasses.replace(context, default_initiative="claims-triage")


@pytest.mark.parametrize("name", TABLES)
@PATIENT
@given(pieces=PIECES, first=st.sampled_from(["", "\n", "\r\n\n"]), mark=st.booleans())
def test_rows_of_a_table(
    name: str,
    pieces: list[tuple[str, list[str], str]],
    first: str,
    mark: bool,
    asked: ParseContext,
) -> None:
    read, header, good, bad = TABLES[name]
    body, line = ("\ufeff" if mark else "") + first + header + "\n", 2 + first.count("\n")
    wanted: dict[str, list[int]] = {"good": [], "bad": [], "broken": [], "blank": []}
    for kind, note, end in pieces:
        wanted[kind].append(line)
        row = {"good": good, "bad": bad, "broken": good + ",surplus", "blank": ""}[kind]
        text = row + ("," + quoted(end.join(note)) if row else "")
        body += text + end
        line += text.count("\n") + 1
    found = told(read(body.encode(), asked))
    assert found == (wanted["good"], sorted(wanted["bad"] + wanted["broken"]))


@pytest.mark.parametrize("name", LINES)
@PATIENT
@given(pieces=PIECES, mark=st.booleans())
def test_rows_one_per_line(
    name: str, pieces: list[tuple[str, list[str], str]], mark: bool, asked: ParseContext
) -> None:
    read, good, bad = LINES[name]
    body, wanted = "\ufeff" if mark else "", ([], [])
    for line, (kind, note, end) in enumerate(pieces, 1):
        # Line breaks inside a text are written as escapes: they are no physical lines.
        row = json.dumps((good if kind == "good" else bad) | {"note": "\u2028\n".join(note)})
        text = {"blank": " \t", "broken": row[:-1]}.get(kind, row)
        body += text + end
        if kind != "blank":
            wanted[kind != "good"].append(line)
    assert told(read(body.encode(), asked)) == wanted


def test_a_quote_that_never_closes_leaves_the_lines_below_their_numbers(
    asked: ParseContext,
) -> None:
    read, header, good, bad = TABLES["canonical"]
    body = "\r\n".join([header, f'{good},"a\nb"', f'{good},"open', "", f"{good},", f"{bad},"])
    [piece] = read(body.encode(), asked)
    assert [row.line for row in piece.rows] == [2, 6]
    assert [(e.line, e.code) for e in piece.errors] == [(4, Code.BAD_CSV), (7, Code.BAD_DATE)]
