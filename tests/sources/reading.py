"""What the tests of the sources share: one good row, and reading a body to its end."""

import json
from collections.abc import Iterable

from hypothesis import HealthCheck, settings

from adoption.sources.canonical import parse
from adoption.sources.rows import ParseContext, Parsed, UsageRow

# The machine may be busy with other tests; neither limit says anything about the code.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NDJSON, JSON, CSV = "application/x-ndjson", "application/json", "text/csv"
GOOD = {
    "initiative": "support-replies",
    "subject": "email:bo.chen@acme.test",
    "day": "2026-10-06",
    "surface": "chat",
    "interactions": 11,
}


def read(
    body: bytes | Iterable[bytes], content_type: str, context: ParseContext
) -> Parsed[UsageRow]:
    """The whole body as one piece."""
    blocks = [body] if isinstance(body, bytes) else body
    whole: Parsed[UsageRow] = Parsed()
    for piece in parse(blocks, content_type=content_type, context=context):
        whole.rows += piece.rows
        whole.errors += piece.errors
        whole.lines += piece.lines
        whole.lines_rejected += piece.lines_rejected
        whole.lines_empty += piece.lines_empty
        whole.facts_rejected += piece.facts_rejected
        whole.warnings += piece.warnings
    return whole


def line_of(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()
