"""A large body goes through a parser in pieces: memory follows the piece, not the body."""

import dataclasses
import json
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest

from adoption.sources.catalogue import SOURCES
from adoption.sources.rows import ParseContext
from organizations.sources.collecting import Parsed
from organizations.sources.directory import parse_people
from tests.sources.reading import CSV, NDJSON

FEW, MANY = 50_000, 200_000
ROWS_A_BLOCK = 2_000
MOST_MEGABYTES = 80


def usage(number: int) -> str:
    row = {"subject": f"email:p{number}@acme.test", "day": "2026-10-06", "interactions": number}
    return json.dumps(row)


def copilot(number: int) -> str:
    row = {"user_id": number, "user_login": f"p{number}", "day": "2026-10-06"}
    return json.dumps(row | {"user_initiated_interaction_count": 1})


def call(number: int) -> str:
    arn = f"arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_1/p{number}@acme.test"
    row = {"schemaType": "ModelInvocationLog", "timestamp": "2026-11-06T10:00:00Z"}
    return json.dumps(row | {"identity": {"arn": arn}, "requestId": f"call-{number}"})


def cells(number: int) -> str:
    return "subject,day,interactions" if number < 0 else f"uid:{number},2026-10-06,{number}"


def person(number: int) -> str:
    return "email,name" if number < 0 else f"p{number}@acme.test,Person {number}"


def refused(number: int) -> str:
    """Errors are rows as well: a body of nothing else must not pile up either."""
    return json.dumps({"subject": f"nobody {number}", "day": "2026-10-06", "interactions": 1})


BODIES = {
    "canonical rows": ("canonical", NDJSON, usage, 0),
    "canonical cells": ("canonical", CSV, cells, -1),
    "github_copilot": ("github_copilot", NDJSON, copilot, 0),
    "bedrock": ("bedrock", NDJSON, call, 0),
    "people": ("people", CSV, person, -1),
    "refused rows": ("canonical", NDJSON, refused, 0),
}


def blocks(row, first: int, rows: int) -> Iterator[bytes]:  # type: ignore[no-untyped-def]
    for start in range(first, rows, ROWS_A_BLOCK):
        end = min(start + ROWS_A_BLOCK, rows)
        yield ("\n".join(map(row, range(start, end))) + "\n").encode()


def parsed(
    source: str, media: str, body: Iterable[bytes], context: ParseContext
) -> Iterator[Parsed]:
    if source == "people":
        return parse_people(body, content_type=media)
    return SOURCES[source].parse(body, content_type=media, context=context)


def peak(name: str, rows: int, context: ParseContext) -> float:
    """Megabytes at the highest, while every piece is dropped before the next."""
    source, media, row, first = BODIES[name]
    lines = 0
    tracemalloc.start()
    try:
        for piece in parsed(source, media, blocks(row, first, rows), context):
            lines += piece.lines
            del piece
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
        assert lines == rows


@pytest.mark.slow
@pytest.mark.parametrize("name", BODIES)
def test_two_hundred_thousand_rows_take_no_more_memory_than_fifty_thousand(
    name: str, context: ParseContext
) -> None:
    asked = dataclasses.replace(context, default_initiative="claims-triage")
    few, many = peak(name, FEW, asked), peak(name, MANY, asked)
    # Words that repeat are remembered up to a limit, so a little more is expected.
    assert many < few * 1.25
    assert many < MOST_MEGABYTES
