"""Source `chatgpt_enterprise`: the user report of a ChatGPT Enterprise workspace, version 1.

One line is one user over one period: weeks run from Sunday to Saturday, months are calendar months,
any other span is kept as a cycle. The last day of the file is inclusive. Somebody who has not
accepted the invitation yet states nothing. Names, groups and lists of models and tools are dropped.

Source: OpenAI help centre, "User analytics for ChatGPT Enterprise"; columns as exported.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from adoption.sources.periods import check_day
from adoption.sources.rows import Grain, ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import address_alias, frame_of, parse_report
from organizations.sources.fields import Fields
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import Columns, Media

NAME = "chatgpt_enterprise"
VERSION = 1
ACCEPTED = (Media.CSV,)
SETTLES_AFTER_DAYS = 2
SUNDAY, WEEK = 6, timedelta(days=7)
LONGEST_CYCLE = 366
NOT_YET = "pending"
COLUMNS = Columns(
    required=frozenset({"period_start", "period_end", "public_id", "messages"}),
    known=frozenset(
        {
            *("cadence", "period_start", "period_end", "account_id", "public_id", "email"),
            *("user_status", "is_active", "messages"),
            # documented and dropped
            *("name", "role", "user_role", "department", "groups", "created_or_invited_date"),
            *("first_day_active_in_period", "last_day_active_in_period", "messages_rank"),
            *("model_to_messages", "gpt_messages", "gpts_messaged", "gpt_to_messages"),
            *("tool_messages", "tools_messaged", "tool_to_messages", "project_messages"),
            *("projects_messaged", "project_to_messages", "projects_created"),
            *("last_day_active", "credits_used"),
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
        label="ChatGPT Enterprise",
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    if (fields.text("user_status") or "").lower() == NOT_YET:
        return []
    first = check_day(
        "period_start", fields.need("period_start", fields.day("period_start")), context
    )
    last = fields.need("period_end", fields.day("period_end"))
    grain, end = _period(first, last)
    email = fields.text("email")
    about = frame_of(NAME, context).over(
        line,
        grain,
        first,
        end,
        week_start="sun" if grain is Grain.WEEK else None,
        kind=SubjectKind.UID,
        external_id=fields.need("public_id", fields.text("public_id", longest=120)),
        scope=fields.text("account_id", longest=120) or "",
        aliases=address_alias("email", email),
    )
    return [
        about.fact(
            Surface.CHAT, active=fields.flag("is_active"), interactions=fields.whole("messages")
        )
    ]


def _period(first: date, last: date) -> tuple[Grain, date]:
    """The grain of a span and the day after its last."""
    if not 0 <= (last - first).days < LONGEST_CYCLE:
        raise ReadError(
            Code.BAD_PERIOD,
            "period_end is the last day of the period and lies 0 to 365 days after its first.",
            field="period_end",
            value=last.isoformat(),
        )
    end = last + timedelta(days=1)
    if end - first == WEEK and first.weekday() == SUNDAY:
        return Grain.WEEK, end
    if first.day == 1 and end.day == 1 and end == (first + timedelta(days=31)).replace(day=1):
        return Grain.MONTH, end
    if end - first == timedelta(days=1):
        return Grain.DAY, end
    if not 1 < (end - first).days <= LONGEST_CYCLE:
        raise ReadError(
            Code.BAD_PERIOD,
            "period_end is the last day of the period and lies 0 to 365 days after its first.",
            field="period_end",
            value=last.isoformat(),
        )
    return Grain.CYCLE, end
