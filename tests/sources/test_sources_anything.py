"""Whatever arrives, a parser answers rows, row errors or one refusal, and its counts add up."""

import dataclasses
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.sources import canonical, github_copilot
from adoption.sources.rows import ParseContext
from organizations.sources.collecting import Parsed
from organizations.sources.directory import parse_people
from organizations.sources.reading import EnvelopeError
from portfolio.sources.register import parse_eligibility, parse_initiatives
from tests.sources.reading import PATIENT

MEDIA = ["application/x-ndjson", "application/json", "text/csv"]
FRAGMENTS = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\r\n", b";", b"\t", b"\\", b"\x00"),
        *(b"\xef\xbb\xbf", b"\xff", b"\\u0000", b"\\ud800", b"NaN", b"1e400", b"-0", b"null"),
        *(b'"day":"2026-10-06"', b'"subject":"uid:1"', b'"initiative":"claims-triage"'),
        *(b'"interactions":1', b'"user_id":1', b'"totals_by_cli":{}', b'"email":"a@b.test"'),
        *(b"initiative,subject,day,interactions\n", b"claims-triage,uid:1,2026-10-06,1\n"),
        *(
            b"email,name\n",
            b'a@b.test,"A\n',
            b"key,name,stage,outcome\n",
            b"\xe2\x80\xa8",
            b"9" * 45,
        ),
    ]
)
BODIES = st.binary(max_size=300) | st.lists(FRAGMENTS, max_size=25).map(b"".join)


def everything(body: bytes, content_type: str, context: ParseContext) -> Iterator[list[Parsed]]:
    asked = dataclasses.replace(context, default_initiative="claims-triage")
    attempts: list[Callable[[], Iterator[Parsed]]] = [
        lambda: canonical.parse([body], content_type=content_type, context=asked),
        lambda: github_copilot.parse([body], content_type=content_type, context=asked),
        lambda: parse_people([body], content_type=content_type),
        lambda: parse_initiatives([body], content_type=content_type),
        lambda: parse_eligibility([body], content_type=content_type),
    ]
    for attempt in attempts:
        try:
            yield list(attempt())
        except EnvelopeError as refused:
            if refused.status not in (400, 413, 415):
                raise


def check(pieces: list[Parsed]) -> None:
    for piece in pieces:
        assert piece.lines_rejected == len(piece.errors) <= piece.facts_rejected
        good = {row.line for row in piece.rows}
        assert not good & {error.line for error in piece.errors}
        assert piece.lines == len(good) + piece.lines_rejected + piece.lines_empty


@PATIENT
@given(body=BODIES, content_type=st.sampled_from(MEDIA))
def test_no_bytes_break_a_parser(body: bytes, content_type: str, context: ParseContext) -> None:
    for pieces in everything(body, content_type, context):
        check(pieces)


@pytest.mark.parametrize(
    "name",
    [
        "canonical/usage.ndjson",
        "canonical/excel.csv",
        "github_copilot/users_1_day.ndjson",
        "directory/people.csv",
        "portfolio/initiatives.csv",
        "portfolio/eligibility.csv",
    ],
)
def test_no_damage_to_a_good_file_breaks_a_parser(
    name: str, data: Path, context: ParseContext
) -> None:
    body = (data / name).read_bytes()
    chance = random.Random(name)  # noqa: S311 - the same damage in every run
    for _ in range(60):
        damaged = bytearray(body)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        for content_type in MEDIA:
            for pieces in everything(bytes(damaged), content_type, context):
                check(pieces)
