"""The product's own readers take every file, and refuse the eight rows that are meant to be bad."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import pytest

from adoption.sources import canonical, github_copilot
from adoption.sources.rows import ParseContext
from lastmile.sample.fabrikam import FABRIKAM
from lastmile.sample.initiatives import COPILOT, INITIATIVES
from lastmile.sample.northwind import NORTHWIND
from lastmile.sample.plan import Plan
from organizations.sources.collecting import Parsed
from organizations.sources.directory import parse_people
from portfolio.sources.register import parse_eligibility, parse_initiatives

BOTH = pytest.mark.parametrize("plan", [NORTHWIND, FABRIKAM], ids=lambda plan: plan.slug)
CSV = "text/csv"


def context(default_initiative: str | None = None) -> ParseContext:
    return ParseContext(
        initiatives=frozenset(initiative.key for initiative in INITIATIVES),
        default_initiative=default_initiative,
        default_source="sample",
        today=date(2026, 11, 25),
        now=datetime(2026, 11, 25, 18, tzinfo=UTC),
        currency="USD",
        as_of=None,
        pinned_initiative=None,
    )


def outcome(pieces: Iterable[Parsed]) -> tuple[int, Counter[str], list[str]]:
    """Rows taken, errors by code, and warnings."""
    parts = list(pieces)
    errors = Counter(error.code.value for part in parts for error in part.errors)
    return sum(len(part.rows) for part in parts), errors, [w for p in parts for w in p.warnings]


def body(path: Path) -> list[bytes]:
    return [path.read_bytes()]


@BOTH
def test_the_directory_is_taken_whole(plan: Plan, sample_folder: Path) -> None:
    for path in (sample_folder / plan.slug).glob("people*.csv"):
        rows, errors, warnings = outcome(parse_people(body(path), content_type=CSV))

        assert rows == (1240 if plan is NORTHWIND else 61)
        assert not errors
        assert not warnings


@BOTH
def test_the_register_and_the_rules_are_taken_whole(plan: Plan, sample_folder: Path) -> None:
    folder = sample_folder / plan.slug

    register = outcome(parse_initiatives(body(folder / "initiatives.csv"), content_type=CSV))
    rules = outcome(parse_eligibility(body(folder / "eligibility.csv"), content_type=CSV))

    assert register == (12, Counter(), [])
    assert rules[0] >= 19
    assert rules[1:] == (Counter(), [])


@BOTH
def test_usage_is_taken_but_for_the_rows_meant_to_be_bad(plan: Plan, sample_folder: Path) -> None:
    files = (sample_folder / plan.slug).glob("usage-*.csv")
    rows, errors, warnings = outcome(
        chain.from_iterable(
            canonical.parse(body(path), content_type=CSV, context=context()) for path in files
        )
    )

    assert rows > 1000
    assert not warnings
    expected = {"bad_date": 5, "unknown_initiative": 3} if plan is NORTHWIND else {}
    assert errors == expected


@BOTH
def test_copilot_reports_are_taken_whole(plan: Plan, sample_folder: Path) -> None:
    files = (sample_folder / plan.slug).glob("usage-*.ndjson")
    rows, errors, _ = outcome(
        chain.from_iterable(
            github_copilot.parse(
                body(path), content_type="application/x-ndjson", context=context(COPILOT)
            )
            for path in files
        )
    )

    assert rows > 50
    assert not errors
