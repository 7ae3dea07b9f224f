"""Source `cursor`: the daily usage data of Cursor's admin API, version 1.

One line is one member on one day and gives four facts: tab completions, chat, agent and the rest of
the editor. Members who did nothing come as zeros and are taken as such. `userId` is the key, since
addresses are renamed; `date` is not always midnight, so `day` decides.

Source: Cursor docs, "Admin API", POST /teams/daily-usage-data.
"""

from collections.abc import Iterable, Iterator

from adoption.sources.periods import check_day
from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import added, address_alias, frame_of, parse_report
from organizations.sources.fields import Fields
from organizations.sources.records import Columns, Media

NAME = "cursor"
VERSION = 1
ACCEPTED = (Media.JSON, Media.NDJSON)
SETTLES_AFTER_DAYS = 1
"""Cursor gathers hourly; the day after, a day no longer changes."""
FACTS = 4
COLUMNS = Columns(
    rows_in="data",
    known=frozenset(
        {
            *("userId", "email", "day", "totalTabsShown", "totalTabsAccepted", "chatRequests"),
            *("agentRequests", "composerRequests", "cmdkUsages"),
            *("totalApplies", "totalAccepts", "totalRejects"),
            # documented and dropped
            *("date", "isActive", "totalLinesAdded", "totalLinesDeleted", "acceptedLinesAdded"),
            *("acceptedLinesDeleted", "subscriptionIncludedReqs", "apiKeyReqs", "usageBasedReqs"),
            *("bugbotUsages", "mostUsedModel", "applyMostUsedExtension", "tabMostUsedExtension"),
            "clientVersion",
        }
    ),
)


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. Raises `EnvelopeError` initiative_missing."""
    return parse_report(
        blocks,
        content_type=content_type,
        context=context,
        accepted=ACCEPTED,
        columns=COLUMNS,
        read=_facts,
        label="Cursor",
        facts=FACTS,
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    email = fields.text("email")
    aliases = address_alias("email", email)
    about = frame_of(NAME, context).on_day(
        line,
        check_day("day", fields.need("day", fields.day("day")), context),
        kind=SubjectKind.UID,
        external_id=fields.need("userId", fields.text("userId", longest=120)),
        aliases=aliases,
    )
    return [
        about.fact(
            Surface.COMPLETION,
            suggestions=fields.whole("totalTabsShown"),
            accepted=fields.whole("totalTabsAccepted"),
        ),
        about.fact(Surface.CHAT, interactions=fields.whole("chatRequests")),
        about.fact(Surface.AGENT, interactions=fields.whole("agentRequests")),
        about.fact(
            Surface.EDITOR,
            interactions=added(fields.whole("composerRequests"), fields.whole("cmdkUsages")),
            suggestions=fields.whole("totalApplies"),
            accepted=fields.whole("totalAccepts"),
            rejected=fields.whole("totalRejects"),
        ),
    ]
