"""All usage sources by name, with what the import page has to say about each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Protocol

from adoption.sources import (
    bedrock,
    canonical,
    chatgpt_enterprise,
    claude_code,
    claude_enterprise,
    cursor,
    github_copilot,
    google_gemini,
    litellm,
    m365_copilot,
    mapper,
    openai_usage,
    viva_insights,
)
from adoption.sources.rows import UNITS, ParseContext, Parsed, UsageRow
from organizations.sources.directory import TEMPLATE as PEOPLE_TEMPLATE
from organizations.sources.reading import BodyCode, EnvelopeError, excerpt
from organizations.sources.records import WITH_SHEETS, Media, media_of
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
    adds: rows are single events that add to their day, told apart for remembered_days.
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
    adds: bool = False
    remembered_days: int = 0

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


def _units(*names: str, **others: str) -> dict[str, str]:
    """Units of the measures a source states; `others` in the vendor's own words."""
    return {name: UNITS[name] for name in names} | others


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        canonical.NAME: Source(
            name=canonical.NAME,
            label="Usage rows (CSV, JSON, NDJSON)",
            version=1,
            content_types=WITH_SHEETS,
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
        m365_copilot.NAME: Source(
            name=m365_copilot.NAME,
            label="Microsoft 365 Copilot, usage by user",
            version=m365_copilot.VERSION,
            content_types=m365_copilot.ACCEPTED,
            activity_rule="Active on a day means that the report of some night named it as a last"
            " activity date in any app. Only a pull each night finds every day; prompts and active"
            " days of a window are kept beside it and never added up.",
            units=_units("interactions", active_days="days in the window"),
            day_zone="UTC",
            settles_after_days=m365_copilot.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=False,
            names_initiative=False,
            parse=m365_copilot.parse,
            inspect=_anything,
        ),
        viva_insights.NAME: Source(
            name=viva_insights.NAME,
            label="Viva Insights, person query by week (CSV)",
            version=viva_insights.VERSION,
            content_types=viva_insights.ACCEPTED,
            activity_rule="Active means at least one Copilot action in any app in the week; where"
            " the query carries no actions, at least one active day.",
            units=_units("interactions", active_days="days", minutes_claimed="vendor's estimate"),
            day_zone="the tenant's; weeks run from Sunday to Saturday",
            settles_after_days=viva_insights.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=False,
            names_initiative=False,
            parse=viva_insights.parse,
            inspect=_anything,
        ),
        claude_code.NAME: Source(
            name=claude_code.NAME,
            label="Anthropic Claude Code, usage report",
            version=claude_code.VERSION,
            content_types=claude_code.ACCEPTED,
            activity_rule="Active means that a model answered, or at least one edit was accepted."
            " Sessions, commits and lines of code alone do not count.",
            units=_units(
                *("sessions", "accepted", "rejected", "tokens_in", "tokens_cached", "tokens_out"),
                cost_estimate="US cents in the report, kept in dollars",
            ),
            day_zone="UTC",
            settles_after_days=claude_code.SETTLES_AFTER_DAYS,
            summed=True,
            holds_text=False,
            names_initiative=False,
            parse=claude_code.parse,
            inspect=_anything,
        ),
        claude_enterprise.NAME: Source(
            name=claude_enterprise.NAME,
            label="Claude Enterprise, users of a day",
            version=claude_enterprise.VERSION,
            content_types=claude_enterprise.ACCEPTED,
            activity_rule="Active means at least one message, or one accepted edit in Claude Code."
            " Sessions, searches and files alone do not count.",
            units=_units("interactions", "sessions", "accepted", "rejected"),
            day_zone="UTC",
            settles_after_days=claude_enterprise.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=False,
            names_initiative=False,
            parse=claude_enterprise.parse,
            inspect=_anything,
        ),
        cursor.NAME: Source(
            name=cursor.NAME,
            label="Cursor, daily usage data",
            version=cursor.VERSION,
            content_types=cursor.ACCEPTED,
            activity_rule="Active means at least one chat, agent, composer or inline request, or"
            " one accepted suggestion. Tabs shown and edits rejected do not count.",
            units=_units("interactions", "suggestions", "accepted", "rejected"),
            day_zone="the team's day as Cursor states it",
            settles_after_days=cursor.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=False,
            names_initiative=False,
            parse=cursor.parse,
            inspect=_anything,
        ),
        litellm.NAME: Source(
            name=litellm.NAME,
            label="LiteLLM, daily activity by key",
            version=litellm.VERSION,
            content_types=litellm.ACCEPTED,
            activity_rule="Active means at least one answered request with a key of the person."
            " Requests of keys without a person are nobody's use.",
            units=_units(
                *("requests", "tokens_in", "tokens_cached", "tokens_out"),
                cost_estimate="US dollars by the proxy's price list",
            ),
            day_zone="UTC",
            settles_after_days=litellm.SETTLES_AFTER_DAYS,
            summed=True,
            holds_text=False,
            names_initiative=False,
            parse=litellm.parse,
            inspect=litellm.inspect,
        ),
        openai_usage.NAME: Source(
            name=openai_usage.NAME,
            label="OpenAI API, completions by user",
            version=openai_usage.VERSION,
            content_types=openai_usage.ACCEPTED,
            activity_rule="Active means at least one request in the name of the user. Requests of"
            " service keys are nobody's use.",
            units=_units("requests", "tokens_in", "tokens_cached", "tokens_out"),
            day_zone="UTC",
            settles_after_days=openai_usage.SETTLES_AFTER_DAYS,
            summed=True,
            holds_text=False,
            names_initiative=False,
            parse=openai_usage.parse,
            inspect=_anything,
        ),
        chatgpt_enterprise.NAME: Source(
            name=chatgpt_enterprise.NAME,
            label="ChatGPT Enterprise, user report (CSV)",
            version=chatgpt_enterprise.VERSION,
            content_types=chatgpt_enterprise.ACCEPTED,
            activity_rule="Active means at least one message. Only weekly files feed weekly"
            " figures; monthly ones are kept beside them and never split.",
            units=_units("interactions"),
            day_zone="the workspace's; weeks run from Sunday to Saturday",
            settles_after_days=chatgpt_enterprise.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=False,
            names_initiative=False,
            parse=chatgpt_enterprise.parse,
            inspect=_anything,
        ),
        google_gemini.NAME: Source(
            name=google_gemini.NAME,
            label="Gemini in Google Workspace, activity log",
            version=google_gemini.VERSION,
            content_types=google_gemini.ACCEPTED,
            activity_rule="Active means at least one event that the person asked for. What Gemini"
            " offers by itself is a request and no interaction.",
            units=_units("interactions", "requests"),
            day_zone="the organization's",
            settles_after_days=google_gemini.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=True,
            names_initiative=False,
            parse=google_gemini.parse,
            inspect=_anything,
            adds=True,
            remembered_days=google_gemini.REMEMBERED_DAYS,
        ),
        bedrock.NAME: Source(
            name=bedrock.NAME,
            label="Amazon Bedrock, model invocation log",
            version=bedrock.VERSION,
            content_types=bedrock.ACCEPTED,
            activity_rule="Active means at least one answered call in a session of single sign-on."
            " Calls of other roles are nobody's use.",
            units=_units("requests", "tokens_in", "tokens_cached", "tokens_out"),
            day_zone="the organization's",
            settles_after_days=bedrock.SETTLES_AFTER_DAYS,
            summed=False,
            holds_text=True,
            names_initiative=True,
            parse=bedrock.parse,
            inspect=_anything,
            adds=True,
            remembered_days=bedrock.REMEMBERED_DAYS,
        ),
        mapper.NAME: Source(
            name=mapper.NAME,
            label="Any other table, by a saved profile",
            version=mapper.VERSION,
            content_types=mapper.ACCEPTED,
            activity_rule="Active means at least one prompt or acceptance; where the profile maps"
            " no prompts, the file's own flag or a day of activity.",
            units=UNITS,
            day_zone="as the profile declares; a moment counts on the organization's day",
            settles_after_days=0,
            summed=False,
            holds_text=True,
            names_initiative=True,
            parse=mapper.parse,
            inspect=_anything,
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
