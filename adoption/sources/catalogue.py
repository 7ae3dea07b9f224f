"""All usage sources by name, with what the import page has to say about each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Protocol

from adoption.sources import canonical, github_copilot
from adoption.sources.rows import UNITS, ParseContext, Parsed, UsageRow
from organizations.sources.directory import TEMPLATE as PEOPLE_TEMPLATE
from organizations.sources.reading import BodyCode, EnvelopeError, excerpt
from organizations.sources.records import Media, media_of
from portfolio.sources.register import ELIGIBILITY_TEMPLATE, INITIATIVES_TEMPLATE


class Parse(Protocol):
    def __call__(
        self, blocks: Iterable[bytes], *, content_type: str, context: ParseContext
    ) -> Iterator[Parsed[UsageRow]]: ...


class Inspect(Protocol):
    def __call__(self, head: bytes) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """One vendor format.

    activity_rule: what counts as use here, printed beside the figures. units: of each measure.
    day_zone: whose calendar a day is. settles_after_days: whole days after the period's end until
    no change is expected. summed: rows with equal keys in one body are parts to be added, not a
    conflict. holds_text: the format can carry prompts or answers, so its body is never stored.
    names_initiative: rows say it themselves; otherwise the request must.
    """

    name: str
    label: str
    version: int
    content_types: tuple[Media, ...]
    activity_rule: str
    units: Mapping[str, str]
    day_zone: str
    settles_after_days: int
    summed: bool
    holds_text: bool
    names_initiative: bool
    parse: Parse
    inspect: Inspect

    def settled_on(self, period_end: date) -> date:
        """The day from which a period (end exclusive) is expected not to change."""
        return period_end + timedelta(days=self.settles_after_days)

    def admit(self, *, content_type: str, head: bytes) -> Media:
        """Check the form and the start of a body before anything of it is stored.

        Raises `EnvelopeError`: unsupported_media_type, prompt_text_refused.
        """
        media = media_of(content_type, self.content_types)
        self.inspect(head)
        return media


def _anything(head: bytes) -> None:
    """Rows in our own words have no field that could hold a prompt."""


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        canonical.NAME: Source(
            name=canonical.NAME,
            label="Usage rows (CSV, JSON, NDJSON)",
            version=1,
            content_types=tuple(Media),
            activity_rule="Active means at least one interaction or acceptance; where the sender"
            " states no interactions, its own active flag or a day of activity.",
            units=UNITS,
            day_zone="the sender's calendar day",
            settles_after_days=0,
            summed=False,
            holds_text=False,
            names_initiative=True,
            parse=canonical.parse,
            inspect=_anything,
        ),
        github_copilot.NAME: Source(
            name=github_copilot.NAME,
            label="GitHub Copilot, users-1-day report",
            version=github_copilot.VERSION,
            content_types=github_copilot.ACCEPTED,
            activity_rule="Active means at least one prompt in the editor, one accepted"
            " completion or one prompt on the command line. Suggestions shown, passive code"
            " review and command-line sessions without a prompt do not count.",
            units={
                name: UNITS[name]
                for name in (
                    *("interactions", "sessions", "requests", "suggestions", "accepted"),
                    *("tokens_in", "tokens_out"),
                )
            },
            day_zone="UTC",
            settles_after_days=github_copilot.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=False,
            names_initiative=False,
            parse=github_copilot.parse,
            inspect=github_copilot.inspect,
        ),
    }
)

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "people": PEOPLE_TEMPLATE,
        "initiatives": INITIATIVES_TEMPLATE,
        "eligibility": ELIGIBILITY_TEMPLATE,
        "usage": canonical.TEMPLATE,
    }
)
"""CSV to download and fill in: the header and one example row of each upload."""


def find_source(name: str) -> Source:
    """The source of `?source=`. Raises `EnvelopeError` unknown_source, naming the known ones."""
    try:
        return SOURCES[name]
    except KeyError:
        raise EnvelopeError(
            BodyCode.UNKNOWN_SOURCE,
            f"No source is called {excerpt(name)}; use one of {', '.join(SOURCES)}.",
            field="source",
        ) from None
