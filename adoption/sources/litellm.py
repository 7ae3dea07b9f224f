"""Source `litellm`: the daily activity of a LiteLLM proxy, version 1.

One element is one day and holds a figure for every key; the keys of one person are added up. A key
without a user belongs to a service and is nobody's use. The spend is the proxy's own estimate in
US dollars. The log of single calls is never taken: it carries prompts and answers.

Source: LiteLLM, GET /user/daily/activity, types of common_daily_activity.
"""

from collections.abc import Iterable, Iterator

from adoption.sources.canonical import micros
from adoption.sources.periods import check_day
from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import Statement, address_alias, frame_of, parse_report
from adoption.sources.subjects import normal_id
from organizations.sources.fields import Fields
from organizations.sources.reading import BodyCode, EnvelopeError, ReadError
from organizations.sources.records import Columns, Media

NAME = "litellm"
VERSION = 1
ACCEPTED = (Media.JSON, Media.NDJSON)
SETTLES_AFTER_DAYS = 1
CURRENCY = "USD"
COLUMNS = Columns(rows_in="results", known=frozenset({"date", "metrics", "breakdown"}))
_LOG_OF_CALLS = (
    "This is LiteLLM's log of single calls. It can carry what people typed and is never taken;"
    " nothing of it was kept. Send the answer of /user/daily/activity."
)
_CALL_KEYS = (b'"request_id"', b'"messages"', b'"call_type"')


def inspect(head: bytes) -> None:
    """Look at the start of a body before any of it is stored. Raises `EnvelopeError`."""
    if sum(key in head for key in _CALL_KEYS) > 1:
        raise EnvelopeError(BodyCode.PROMPT_TEXT_REFUSED, _LOG_OF_CALLS)


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. Raises `EnvelopeError`: initiative_missing, prompt_text_refused."""
    return parse_report(
        blocks,
        content_type=content_type,
        context=context,
        accepted=ACCEPTED,
        columns=COLUMNS,
        read=_facts,
        label="LiteLLM",
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    if "request_id" in fields:
        raise EnvelopeError(BodyCode.PROMPT_TEXT_REFUSED, _LOG_OF_CALLS)
    day = check_day("date", fields.need("date", fields.day("date")), context)
    breakdown = fields.nested("breakdown")
    keys = breakdown.nested("api_keys") if breakdown else None
    if keys is None:
        return []
    frame, facts = frame_of(NAME, context), []
    try:
        for name in keys.names():
            key = keys.need(name, keys.nested(name))
            kind, external_id, aliases = _subject(name, key.nested("metadata"))
            about = frame.on_day(line, day, kind=kind, external_id=external_id, aliases=aliases)
            facts.append(_fact(about, key))
    except ReadError as fault:
        fault.facts = len(keys.names())
        raise
    return facts


def _subject(key: str, told: Fields | None) -> tuple[SubjectKind, str, tuple[str, ...]]:
    """The user a key belongs to, else the key itself."""
    user = told.text("user_id", longest=120) if told else None
    email = told.text("user_email") if told else None
    aliases = address_alias("user_email", email)
    if user is not None:
        return SubjectKind.UID, user, aliases
    if email is not None:
        return SubjectKind.EMAIL, normal_id("user_email", SubjectKind.EMAIL, email), ()
    return SubjectKind.APIKEY, normal_id("api_keys", SubjectKind.APIKEY, key), ()


def _fact(about: Statement, key: Fields) -> UsageRow:
    metrics = key.need("metrics", key.nested("metrics"))
    requests = metrics.whole("api_requests")
    answered = metrics.whole("successful_requests")
    cost = metrics.amount("spend")
    used = bool(requests if answered is None else answered)
    return about.fact(
        Surface.API,
        # A request of a service key is nobody's use.
        active=None if about.kind is SubjectKind.APIKEY else used,
        requests=requests,
        tokens_in=metrics.whole("prompt_tokens"),
        tokens_cached=metrics.whole("cache_read_input_tokens"),
        tokens_out=metrics.whole("completion_tokens"),
        cost_micros=micros(cost),
        currency=CURRENCY if cost is not None else None,
    )
