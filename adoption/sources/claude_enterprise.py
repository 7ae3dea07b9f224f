"""Source `claude_enterprise`: users of the Claude Enterprise analytics API, version 1.

One line is one user on one UTC day. The report does not say which day it is about, so the request
does (`?day=`). Messages are interactions of the surface `chat`; in Claude Code the accepted edits
count. Groups overlap and distinct counts do not add up: neither is read. Deleted users have no
address; their id stays.

Source: Anthropic docs, "Enterprise Analytics API", users by day.
"""

from collections.abc import Iterable, Iterator

from adoption.sources.periods import check_day
from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import Statement, address_alias, frame_of, need_initiative, sum_over
from organizations.sources.collecting import parse_records
from organizations.sources.fields import Fields
from organizations.sources.reading import BodyCode, EnvelopeError, ReadError
from organizations.sources.records import Columns, Media, media_of

NAME = "claude_enterprise"
VERSION = 1
ACCEPTED = (Media.JSON, Media.NDJSON)
SETTLES_AFTER_DAYS = 5
"""Anthropic: a day is revised by a few percent over the following days."""
COLUMNS = Columns(
    rows_in="data",
    known=frozenset(
        {
            *("user", "chat_metrics", "claude_code_metrics"),
            # documented and dropped
            *("cowork_metrics", "office_metrics", "design_metrics", "science_metrics"),
            *("web_search_count", "last_activity_date", "distinct_user_count"),
        }
    ),
)


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. Raises `EnvelopeError`: initiative_missing, day_missing."""
    media = media_of(content_type, ACCEPTED)
    need_initiative("Claude Enterprise", context)
    if context.day is None:
        raise EnvelopeError(
            BodyCode.DAY_MISSING,
            "This report does not say which day it is about; add ?day=YYYY-MM-DD.",
            field="day",
        )
    try:
        check_day("day", context.day, context)
    except ReadError as fault:
        raise EnvelopeError(BodyCode.DAY_MISSING, fault.message, field="day") from None

    def read(line: int, fields: Fields) -> list[UsageRow]:
        return _facts(line, fields, context)

    yield from parse_records(blocks, media=media, columns=COLUMNS, read=read)


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    user = fields.need("user", fields.nested("user"))
    email = user.text("email_address")
    about = frame_of(NAME, context).on_day(
        line,
        context.day or context.today,
        kind=SubjectKind.UID,
        external_id=user.need("id", user.text("id", longest=120)),
        aliases=address_alias("email_address", email),
    )
    chat, code = fields.nested("chat_metrics"), fields.nested("claude_code_metrics")
    facts = []
    if chat is not None:
        facts.append(about.fact(Surface.CHAT, interactions=chat.whole("message_count")))
    if code is not None:
        facts.append(_coding(about, code))
    return facts


def _coding(about: Statement, code: Fields) -> UsageRow:
    core, tools = code.nested("core_metrics"), code.nested("tool_actions")
    return about.fact(
        Surface.CLI,
        sessions=core.whole("distinct_session_count") if core else None,
        accepted=sum_over(tools, "accepted_count"),
        rejected=sum_over(tools, "rejected_count"),
    )
