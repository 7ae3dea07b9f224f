from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adoption.sources.rows import ParseContext

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    return DATA


@pytest.fixture(scope="session")
def context() -> ParseContext:
    return ParseContext(
        initiatives=frozenset({"support-replies", "claims-triage"}),
        default_initiative=None,
        default_source="nightly-key",
        today=date(2026, 11, 21),
        now=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
        currency="EUR",
        as_of=None,
        pinned_initiative=None,
    )
