"""Values inside reports of vendors: what must not count, and what looks wrong and is right."""

import json

from tests.corpus.case import CSV, JSON, NDJSON, Case, Rows, Taken
from tests.corpus.vendors import (
    DAY,
    MOST,
    activity,
    bucket,
    call,
    chatgpt,
    claude,
    copilot,
    cursor,
    gateway,
    microsoft,
    page,
    rows,
    sent,
    viva,
)


def _bad(
    name: str, body: bytes, field: str, code: str, *, media: str = JSON, facts: int = 1
) -> Case:
    line = 2 if media == CSV else 1
    return sent(name, body, Rows(((line, field, code),), rejected=facts), media=media)


VALUES = [
    _bad(
        "github_copilot: a fraction",
        page("x", 0).replace(
            b'{"x": [0]}', json.dumps([copilot(user_initiated_interaction_count=5.5)]).encode()
        ),
        "user_initiated_interaction_count",
        "bad_type",
    ),
    _bad(
        "github_copilot: true as id",
        json.dumps([copilot(user_id=True)]).encode(),
        "user_id",
        "bad_type",
    ),
    _bad(
        "github_copilot: a login turned round",
        json.dumps([copilot(user_login="\u202ebo")]).encode(),
        "user_login",
        "control_character",
    ),
    _bad(
        "github_copilot: a command line that is none",
        json.dumps([copilot(totals_by_cli=[1])]).encode(),
        "totals_by_cli",
        "bad_type",
        facts=2,
    ),
    _bad(
        "github_copilot: an id beyond 63 bits",
        json.dumps([copilot(user_id=2**64)]).encode(),
        "user_id",
        "out_of_range",
    ),
    _bad(
        "cursor: below 0",
        page("data", cursor(chatRequests=-1)),
        "chatRequests",
        "negative",
        facts=4,
    ),
    _bad(
        "cursor: a number as text",
        page("data", cursor(chatRequests="2")),
        "chatRequests",
        "bad_type",
        facts=4,
    ),
    _bad(
        "cursor: a sum beyond 63 bits",
        page("data", cursor(composerRequests=MOST, cmdkUsages=1)),
        "interactions",
        "out_of_range",
        facts=4,
    ),
    _bad(
        "cursor: an address that is none",
        page("data", cursor(email="ana")),
        "email",
        "bad_email",
        facts=4,
    ),
    _bad(
        "claude_code: a day of 2014",
        page("data", claude(date="2014-12-31T00:00:00Z")),
        "date",
        "before_2015",
    ),
    _bad("claude_code: an hour", page("data", claude(date=f"{DAY}T05:00:00Z")), "date", "bad_date"),
    _bad("claude_code: nobody", page("data", claude(actor={})), "actor", "bad_subject"),
    _bad(
        "claude_code: tokens beyond 63 bits in one line",
        page("data", claude(tokens=MOST)),
        "tokens_in",
        "out_of_range",
    ),
    _bad(
        "claude_code: a currency that is none",
        page(
            "data",
            claude(
                model_breakdown=[{"estimated_cost": {"amount": 1, "currency": "dollars and cents"}}]
            ),
        ),
        "currency",
        "bad_currency",
    ),
    _bad(
        "claude_code: more money than there is",
        page(
            "data",
            claude(
                model_breakdown=[{"estimated_cost": {"amount": 999_999_999_999, "currency": "USD"}}]
                * 2000
            ),
        ),
        "cost_estimate",
        "out_of_range",
    ),
    _bad(
        "openai_usage: a bucket over midnight",
        page("data", bucket(start=1793577601)),
        "start_time",
        "bad_period",
    ),
    _bad(
        "openai_usage: seconds beyond the calendar",
        page("data", bucket(start=86_400 * 10**12)),
        "start_time",
        "bad_date",
    ),
    _bad(
        "openai_usage: milliseconds",
        page("data", bucket(start=1793577600000)),
        "start_time",
        "bad_date",
    ),
    _bad("openai_usage: 1970", page("data", bucket(start=0)), "start_time", "before_2015"),
    _bad("openai_usage: nobody", page("data", bucket(user_id=None)), "user_id", "bad_subject"),
    _bad("litellm: money as text", page("results", gateway(spend="1_000")), "spend", "bad_type"),
    _bad(
        "litellm: 1e400",
        page("results", gateway(spend=1)).replace(b'"spend": 1', b'"spend": 1e400'),
        "",
        "not_finite",
    ),
    _bad(
        "chatgpt_enterprise: up to year 9999",
        chatgpt("2026-11-01", "9999-12-31"),
        "period_end",
        "bad_period",
        media=CSV,
    ),
    _bad(
        "chatgpt_enterprise: it ends before it begins",
        chatgpt("2026-11-01", "2026-10-01"),
        "period_end",
        "bad_period",
        media=CSV,
    ),
    _bad(
        "chatgpt_enterprise: a decimal point",
        chatgpt("2026-11-01", "2026-11-07", "3.0"),
        "messages",
        "bad_type",
        media=CSV,
    ),
    _bad(
        "viva_insights: a Monday",
        viva("a,2026-11-02,1,1,1,7,1"),
        "MetricDate",
        "bad_period",
        media=CSV,
    ),
    _bad(
        "viva_insights: eight days",
        viva("a,2026-11-01,1,1,8,7,1"),
        "total_copilot_active_days",
        "out_of_range",
        media=CSV,
    ),
    _bad(
        "viva_insights: more hours than there are",
        viva("a,2026-11-01,1,1,1,7,999999999999"),
        "minutes_claimed",
        "out_of_range",
        media=CSV,
    ),
    _bad(
        "viva_insights: a sum beyond 63 bits",
        viva(f"a,2026-11-01,{MOST},{MOST},1,7,1"),
        "interactions",
        "out_of_range",
        media=CSV,
    ),
    _bad(
        "m365_copilot: active after the report",
        microsoft("2026-11-04"),
        "Last Activity Date",
        "time_in_future",
        media=CSV,
    ),
    _bad(
        "m365_copilot: active in year 1",
        microsoft("0001-01-01"),
        "Last Activity Date",
        "before_2015",
        media=CSV,
    ),
    _bad(
        "m365_copilot: an address that is none",
        microsoft(DAY, upn="ana"),
        "upn",
        "bad_email",
        media=CSV,
    ),
    _bad(
        "bedrock: a time without offset",
        rows(call(timestamp=f"{DAY}T10:00:00")),
        "timestamp",
        "offset_missing",
        media=NDJSON,
    ),
    _bad(
        "bedrock: 37 hours ahead",
        rows(call(timestamp="2026-11-22T22:00:00Z")),
        "timestamp",
        "time_in_future",
        media=NDJSON,
    ),
    _bad(
        "bedrock: 36 days ago",
        rows(call(timestamp="2026-10-16T10:00:00Z")),
        "time",
        "too_old",
        media=NDJSON,
    ),
    _bad("bedrock: another log", rows(call(schemaType="Other")), "", "wrong_shape", media=NDJSON),
    _bad("bedrock: no id", rows(call(requestId="")), "requestId", "missing_field", media=NDJSON),
    _bad(
        "bedrock: an identity that is none",
        rows(call(identity={"arn": "root"})),
        "arn",
        "bad_subject",
        media=NDJSON,
    ),
    _bad(
        "bedrock: tokens beyond 63 bits",
        rows(call(input={"inputTokenCount": MOST, "cacheReadInputTokenCount": MOST})),
        "tokens_in",
        "out_of_range",
        media=NDJSON,
    ),
    _bad(
        "google_gemini: an event that is none",
        page("items", activity(events=[1])),
        "events",
        "bad_type",
    ),
    _bad("google_gemini: nobody", page("items", activity(actor={})), "profileId", "missing_field"),
    _bad(
        "google_gemini: a year ago",
        page("items", activity("2025-11-02T09:00:00Z")),
        "time",
        "too_old",
    ),
]

TAKEN = [
    sent(
        "bedrock: the last hour of a day of 25",
        rows(call(timestamp="2026-10-25T22:59:59Z")),
        Taken(finds=("2026-10-25",)),
        media=NDJSON,
    ),
    sent(
        "bedrock: the first hour after it",
        rows(call(timestamp="2026-10-25T23:00:00Z")),
        Taken(finds=("2026-10-26",)),
        media=NDJSON,
    ),
    sent(
        "bedrock: the hour that comes twice",
        rows(
            call(1, timestamp="2026-10-25T02:30:00+02:00"),
            call(2, timestamp="2026-10-25T02:30:00+01:00"),
        ),
        Taken(2, finds=("2026-10-25",)),
        media=NDJSON,
    ),
    sent("bedrock: one call twice", rows(call(), call()), Taken(1, duplicate=1), media=NDJSON),
    sent(
        "google_gemini: the day is the organization's",
        page("items", activity("2026-11-02T23:30:00Z")),
        Taken(finds=("2026-11-03",)),
        media=JSON,
    ),
    sent("google_gemini: nothing happened", page("items", activity(events=[])), Taken(0, empty=1)),
    sent(
        "m365_copilot: a concealed name",
        microsoft(DAY, upn="E58EEF6A6BBD3D0293CB306D24A42057"),
        Taken(finds=("concealed:e58eef6a6bbd3d0293cb306d24a42057",)),
        media=CSV,
    ),
    sent("m365_copilot: nobody was active", microsoft(""), Taken(0, empty=1), media=CSV),
    sent(
        "claude_code: two lines of one person are added",
        page("data", claude(1), claude(2)),
        Taken(1),
    ),
    sent(
        "chatgpt_enterprise: somebody invited",
        chatgpt("2026-11-01", "2026-11-07", "", "Pending"),
        Taken(0, empty=1),
        media=CSV,
    ),
    sent(
        "github_copilot: 007 is an id",
        json.dumps([copilot(user_id="007")]).encode(),
        Taken(finds=("uid:007",)),
    ),
]

# Two lines that each fit, and a sum that does not.
SUMS = [
    sent(
        "openai_usage: a day's sum beyond 63 bits",
        page("data", bucket(input_tokens=MOST), bucket(input_tokens=MOST)),
        Rows(((1, "tokens_in", "out_of_range"), (2, "tokens_in", "out_of_range"))),
    ),
    sent(
        "bedrock: a day's sum beyond 63 bits",
        rows(call(1, input={"inputTokenCount": MOST}), call(2, input={"inputTokenCount": MOST})),
        Rows(((1, "tokens_in", "out_of_range"), (2, "tokens_in", "out_of_range"))),
        media=NDJSON,
    ),
]

CASES = [*VALUES, *TAKEN, *SUMS]
