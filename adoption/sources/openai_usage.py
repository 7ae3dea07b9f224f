"""Source `openai_usage`: usage of OpenAI's API by user, version 1.

A bucket holds one result per user, project, key and model; the results of a user's UTC day are
added up, whatever the length of the buckets. Results without a user belong to service keys.

Source: OpenAI API reference, GET /organization/usage/completions with group_by=user_id.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from adoption.sources.periods import check_day
from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import Frame, frame_of, parse_report
from adoption.sources.subjects import normal_id
from organizations.sources.fields import Fields
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import Columns, Media

NAME = "openai_usage"
VERSION = 1
ACCEPTED = (Media.JSON, Media.NDJSON)
SETTLES_AFTER_DAYS = 1
SECONDS_A_DAY = 86_400
LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp())
COLUMNS = Columns(
    rows_in="data",
    known=frozenset(
        {"object", "start_time", "end_time", "results", "start_time_iso", "end_time_iso"}
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
        label="OpenAI usage",
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    results = fields.listed("results")
    try:
        day = check_day("start_time", _day(fields), context)
        frame = frame_of(NAME, context)
        return [_fact(line, day, result, frame) for result in results]
    except ReadError as fault:
        fault.facts = max(len(results), 1)
        raise


def _day(fields: Fields) -> date:
    start = fields.need("start_time", fields.whole("start_time"))
    end = fields.need("end_time", fields.whole("end_time"))
    if not start < end <= start - start % SECONDS_A_DAY + SECONDS_A_DAY:
        raise ReadError(
            Code.BAD_PERIOD,
            "A bucket must lie within one UTC day; ask for bucket_width=1d or shorter.",
            field="start_time",
            value=start,
        )
    if start > LAST_SECOND:
        raise ReadError(Code.BAD_DATE, "Not seconds since 1970.", field="start_time", value=start)
    return datetime.fromtimestamp(start, UTC).date()


def _fact(line: int, day: date, result: Fields, frame: Frame) -> UsageRow:
    user = result.text("user_id", longest=120)
    key = result.text("api_key_id", longest=120)
    if user is None and key is None:
        raise ReadError(
            Code.BAD_SUBJECT,
            "The results name no user; ask for them with group_by=user_id.",
            field="user_id",
        )
    kind = SubjectKind.UID if user else SubjectKind.APIKEY
    about = frame.on_day(
        line, day, kind=kind, external_id=user or normal_id("api_key_id", kind, key or "")
    )
    requests = result.whole("num_model_requests")
    return about.fact(
        Surface.API,
        active=bool(requests) if user else None,
        requests=requests,
        tokens_in=result.whole("input_tokens"),
        tokens_cached=result.whole("input_cached_tokens"),
        tokens_out=result.whole("output_tokens"),
    )
