"""Reports of vendors: printed samples that must be taken, and what hides in reports."""

import gzip
import json
from pathlib import Path

from tests.corpus.case import CSV, JSON, NDJSON, SECRETS, Case, Refused, Rows, Taken, lines

DATA = Path(__file__).parents[1] / "data"
MOST = 2**63 - 1
DAY = "2026-11-02"
QUERY = "source={}&initiative=copilot"


def sent(
    name: str,
    body: bytes,
    answer: Refused | Rows | Taken,
    *,
    media: str = JSON,
    query: str = "",
    **headers: str,
) -> Case:
    """`name` begins with the source."""
    source = name.partition(":")[0]
    return Case(
        name=name,
        body=body,
        media=media,
        query=query or QUERY.format(source),
        answer=answer,
        headers=headers,
    )


def _sample(file: str, answer: Refused | Taken, *, more: str = "") -> Case:
    source, _, name = file.partition("/")
    media = {"json": JSON, "csv": CSV}.get(name.partition(".")[2], NDJSON)
    query = QUERY.format(source) + more
    body = (DATA / file).read_bytes()
    return sent(f"{source}: the sample {name}{more}", body, answer, media=media, query=query)


def page(member: str, *rows: object) -> bytes:
    return json.dumps({member: rows}).encode()


def copilot(**changes: object) -> dict[str, object]:
    return {
        "user_id": 1001,
        "user_login": "alice",
        "day": DAY,
        "user_initiated_interaction_count": 5,
    } | changes


def cursor(**changes: object) -> dict[str, object]:
    return {"userId": "user_a", "day": DAY, "email": "ana@acme.test", "chatRequests": 2} | changes


def claude(tokens: int = 1, **changes: object) -> dict[str, object]:
    model = {"model": "m", "tokens": {"input": tokens, "output": 1, "cache_read": tokens}}
    return {
        "actor": {"email_address": "ana@acme.test"},
        "date": f"{DAY}T00:00:00Z",
        "model_breakdown": [model],
    } | changes


def gateway(**metrics: object) -> dict[str, object]:
    key = {"metrics": metrics, "metadata": {"user_id": "u-1"}}
    return {"date": DAY, "breakdown": {"api_keys": {"k1": key}}}


def bucket(start: int = 1793577600, length: int = 86_400, **changes: object) -> dict[str, object]:
    result = {"user_id": "user-a", "num_model_requests": 5, "input_tokens": 10} | changes
    return {"start_time": start, "end_time": start + length, "results": [result]}


def call(number: int = 1, **changes: object) -> dict[str, object]:
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"{DAY}T10:00:00Z",
        "identity": {"arn": "arn:aws:sts::1:assumed-role/AWSReservedSSO_D_1/ana@acme.test"},
        "requestId": f"call-{number}",
        "input": {"inputTokenCount": 10},
    } | changes


def activity(time: str = f"{DAY}T09:00:00Z", **changes: object) -> dict[str, object]:
    told = [{"name": "app_name", "value": "gmail"}]
    return {
        "id": {"time": time, "uniqueQualifier": "1", "customerId": "C0"},
        "actor": {"profileId": "1087"},
        "events": [{"parameters": told}],
    } | changes


def rows(*found: dict[str, object]) -> bytes:
    return lines(*(json.dumps(one).encode() for one in found))


def viva(cells: str) -> bytes:
    header = "PersonId,MetricDate,Copilot actions taken in Teams,Copilot_actions_taken_in_Word"
    more = ",Total_Copilot_active_days,Total_Copilot_enabled_days,Copilot_assisted_hours"
    return f"{header}{more}\n{cells}\n".encode()


def chatgpt(start: str, end: str, messages: str = "3", status: str = "enabled") -> bytes:
    header = "period_start,period_end,public_id,messages,user_status"
    return f"{header}\n{start},{end},user-1,{messages},{status}\n".encode()


def microsoft(last: str, refreshed: str = "2026-11-03", upn: str = "ana@acme.test") -> bytes:
    header = "Report Refresh Date,User Principal Name,Last Activity Date,Report Period"
    return f"{header}\n{refreshed},{upn},{last},7\n".encode()


SAMPLES = [
    _sample("github_copilot/users_1_day.ndjson", Taken(5, empty=1)),
    _sample("github_copilot/usage_records.json", Refused(400, "prompt_text_refused")),
    _sample("github_copilot/aggregate_metrics.json", Refused(400, "unsupported_shape")),
    _sample("github_copilot/report_links.json", Refused(400, "unsupported_shape")),
    _sample("github_copilot/seats.json", Refused(400, "unsupported_shape")),
    _sample("m365_copilot/graph_v1.csv", Taken(2, empty=1)),
    _sample("m365_copilot/graph_v2.csv", Taken(9)),
    _sample("m365_copilot/admin_centre.csv", Taken(5)),
    _sample("m365_copilot/beta.json", Taken(3)),
    _sample("viva_insights/week.csv", Taken(3, empty=1)),
    _sample("claude_code/day.json", Taken(2)),
    _sample("claude_enterprise/day.json", Taken(3), more=f"&day={DAY}"),
    _sample("claude_enterprise/day.json", Refused(400, "day_missing")),
    _sample("cursor/day.json", Taken(8)),
    _sample("litellm/activity.json", Taken(3)),
    _sample("openai_usage/day.json", Taken(2, empty=1)),
    _sample("chatgpt_enterprise/weekly.csv", Taken(4, empty=1)),
    _sample("google_gemini/activities.json", Taken(3)),
]

BODIES = [
    sent(
        "cursor: no initiative is named",
        page("data", cursor()),
        Refused(400, "initiative_missing"),
        query="source=cursor",
    ),
    sent(
        "cursor: an initiative of somebody else",
        page("data", cursor()),
        Rows(((1, "initiative", "unknown_initiative"),), rejected=4),
        query="source=cursor&initiative=nowhere",
    ),
    sent("cursor: two lists of rows", b'{"data": [], "data": [{}]}', Refused(400, "bad_json")),
    sent("cursor: the list is none", b'{"data": 7}', Refused(400, "bad_json")),
    sent(
        "cursor: as CSV",
        b"userId,day\nu,2026-11-02\n",
        Refused(415, "unsupported_media_type"),
        media=CSV,
    ),
    sent("cursor: an empty page", b'{"data": [], "period": {}}', Taken(0)),
    sent(
        "cursor: a page packed",
        gzip.compress(page("data", cursor())),
        Taken(4),
        **{"Content-Encoding": "gzip"},
    ),
    sent("viva_insights: as JSON", b"[]", Refused(415, "unsupported_media_type")),
    sent(
        "viva_insights: a column is missing",
        b"PersonId,Organization\na,b\n",
        Refused(400, "missing_column"),
        media=CSV,
    ),
    sent(
        "chatgpt_enterprise: a column is missing",
        b"public_id,messages\na,1\n",
        Refused(400, "missing_column"),
        media=CSV,
    ),
    sent(
        "m365_copilot: two columns of one meaning",
        b"Report Refresh Date,User Principal Name,reportRefreshDate\n",
        Refused(400, "duplicate_column"),
        media=CSV,
    ),
    sent(
        "litellm: the log of calls",
        rows({"request_id": SECRETS[0], "messages": []}),
        Refused(400, "prompt_text_refused"),
        media=NDJSON,
    ),
    sent(
        "litellm: a call behind good days",
        rows(gateway(api_requests=1), {"request_id": "r"}),
        Refused(400, "prompt_text_refused"),
        media=NDJSON,
    ),
    sent(
        "github_copilot: a call behind good rows",
        rows(copilot(), {"endpoint": "/x", "body": "secret"}),
        Refused(400, "prompt_text_refused"),
        media=NDJSON,
    ),
    sent(
        "bedrock: a day in the address is not its day",
        rows(call()),
        Taken(finds=(DAY,)),
        media=NDJSON,
        query=QUERY.format("bedrock") + "&day=2026-11-09",
    ),
]

CASES = [*SAMPLES, *BODIES]
