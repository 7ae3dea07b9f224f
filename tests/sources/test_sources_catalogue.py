"""The catalogue, the templates, and that the public lists say what the code does."""

import re
from datetime import date
from pathlib import Path

import pytest

from adoption.sources import canonical
from adoption.sources.catalogue import SOURCES, TEMPLATES, find_source
from adoption.sources.rows import Grain, ParseContext, SubjectKind, Surface
from organizations.sources.directory import parse_people
from organizations.sources.reading import BodyCode, Code, EnvelopeError
from portfolio.sources.register import parse_eligibility, parse_initiatives
from tests.sources.reading import CSV, NDJSON, read

DOCS = Path(__file__).parent.parent.parent / "docs" / "formats"


def words_of(page: str, heading: str) -> list[str]:
    """First cells, in code marks, of the table under a heading."""
    section = (DOCS / page).read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z0-9_]+)`", section, re.MULTILINE)


def test_the_page_of_codes_lists_exactly_the_codes() -> None:
    assert words_of("codes.md", "Rows") == [code.value for code in Code]
    assert words_of("codes.md", "Whole bodies") == [code.value for code in BodyCode]


def test_the_page_of_usage_lists_exactly_the_fields() -> None:
    assert sorted(words_of("usage.md", "Fields")) == sorted(
        canonical.COLUMNS.known - {"organization"}
    )


@pytest.mark.parametrize("words", [Grain, Surface, SubjectKind])
def test_the_page_of_usage_names_every_word(words: type[Grain | Surface | SubjectKind]) -> None:
    page = (DOCS / "usage.md").read_text()
    assert [word.value for word in words if f"`{word.value}`" not in page] == []


def test_rows_printed_on_the_page_can_be_sent(context: ParseContext) -> None:
    page = (DOCS / "usage.md").read_text()
    rows = re.findall(r'^\{"initiative".*\}$', page, re.MULTILINE)
    assert len(rows) >= 3
    found = read("\n".join(rows).encode(), NDJSON, context)
    assert found.errors == []
    assert found.warnings == []


def test_every_template_is_read_without_a_word(context: ParseContext) -> None:
    sent = {name: [text.encode()] for name, text in TEMPLATES.items()}
    replies = ParseContext(
        **{
            **{name: getattr(context, name) for name in context.__dataclass_fields__},
            "initiatives": frozenset({"support-reply-drafting"}),
        }
    )
    for pieces in (
        parse_people(sent["people"], content_type=CSV),
        parse_initiatives(sent["initiatives"], content_type=CSV),
        parse_eligibility(sent["eligibility"], content_type=CSV),
        canonical.parse(sent["usage"], content_type=CSV, context=replies),
    ):
        [found] = pieces
        assert (len(found.rows), found.errors, found.warnings) == (1, [], [])


def test_a_source_is_found_by_name_or_refused_naming_the_known() -> None:
    assert find_source("canonical") is SOURCES["canonical"]
    assert {name: source.name for name, source in SOURCES.items()} == {n: n for n in SOURCES}
    with pytest.raises(EnvelopeError, match="canonical, github_copilot"):
        find_source("copilot")


def test_a_source_says_when_a_period_is_settled_and_what_it_takes() -> None:
    copilot = SOURCES["github_copilot"]
    assert copilot.settled_on(date(2026, 10, 7)) == date(2026, 10, 10)
    assert SOURCES["canonical"].admit(content_type="text/csv", head=b"a,b") == "text/csv"
    with pytest.raises(EnvelopeError):
        copilot.admit(content_type="text/csv", head=b"")
