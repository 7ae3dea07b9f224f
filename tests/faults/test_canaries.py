"""What people typed is nowhere afterwards: not in the database, the data folder, a log or the
broker, whether its report was taken or refused, at once or later (SECURITY 6, 8)."""

import json
import os
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from adoption.models import UsageFact
from organizations import scope
from organizations.actions.sweep import sweep_all
from organizations.calculations.jobs import BatchState
from organizations.models import BatchChunk, ImportBatch
from tests.cast import Company
from tests.faults import workers
from tests.faults.web import web
from tests.faults.workers import until, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

DATA = Path(__file__).parents[1] / "data"
WORD = "TYPED-CANARY"
DAY = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()


def call(number: int, **changes: object) -> dict[str, object]:
    """A call whose prompt and answer carry the word, as do fields that nobody knows."""
    told = {"messages": [{"content": f"{WORD} {number}"}]}
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"{DAY}T10:00:00Z",
        "identity": {"arn": "arn:aws:sts::1:assumed-role/AWSReservedSSO_D_1/bo.chen@acme.test"},
        "requestId": f"call-{number}",
        "input": {"inputBodyJson": told, "inputTokenCount": 10},
        "output": {"outputBodyJson": {"text": WORD}, "outputTokenCount": 1},
        "notes": WORD,
    } | changes


def activity() -> dict[str, object]:
    told = [{"name": "app_name", "value": "gmail"}, {"name": "prompt", "value": WORD}]
    return {
        "id": {"time": f"{DAY}T09:00:00Z", "uniqueQualifier": "1", "customerId": "C0"},
        "actor": {"profileId": "1087", "email": "bo.chen@acme.test"},
        "events": [{"name": WORD, "parameters": told}],
    }


def lines(*rows: object) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


# What is taken, with the word in everything that is dropped, and in values that are refused.
TAKEN = {
    "bedrock": lines(
        call(1),
        call(2, timestamp=WORD),
        call(3, requestMetadata={"initiative": WORD}),
        call(4, schemaType=WORD),
        call(5, input={"inputTokenCount": WORD}),
    ),
    "google_gemini": lines(activity(), activity() | {"actor": {"email": f"{WORD}@"}}),
}
# What is refused as a whole: at its first line, and behind rows that were good.
REFUSED = {
    "github_copilot": (DATA / "github_copilot/usage_records.json")
    .read_bytes()
    .replace(b"CANARY", WORD.encode()),
    "litellm": lines({"date": DAY, "breakdown": {}}, {"request_id": "r", "proxy": WORD}),
}


def rows_with_the_word() -> Iterator[str]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s OR t::text LIKE %s',
                [f"%{WORD}%", f"%{WORD.encode().hex()}%"],
            )
            if cursor.fetchone() != (0,):
                yield table


def bodies_with_the_word() -> Iterator[str]:
    for chunk in BatchChunk.objects.all():
        if WORD.encode() in zlib.decompress(bytes(chunk.body)):
            yield f"the body of batch {chunk.batch_id}"


def files_with_the_word(*folders: Path) -> Iterator[str]:
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and WORD.encode() in file.read_bytes():
                yield str(file)


def broker_keys_with_the_word() -> Iterator[str]:
    with workers.broker() as client:
        for key in client.scan_iter():
            kind = client.type(key).decode()
            values: Any = {
                "string": lambda key: client.get(key),
                "list": lambda key: client.lrange(key, 0, -1),
                "hash": lambda key: client.hgetall(key),
                "set": lambda key: client.smembers(key),
                "zset": lambda key: client.zrange(key, 0, -1),
            }[kind](key)
            if WORD in f"{key!r}{values!r}":
                yield repr(key)


def found(logs: Path) -> list[str]:
    return [
        *rows_with_the_word(),
        *bodies_with_the_word(),
        *files_with_the_word(logs, Path(os.environ["LASTMILE_DATA"])),
        *broker_keys_with_the_word(),
    ]


@pytest.mark.parametrize(
    "prefer",
    [
        pytest.param("", id="at once"),
        pytest.param("respond-async", id="later", marks=pytest.mark.slow),
    ],
)
def test_what_people_typed_is_found_nowhere(prefer: str, acme: Company, tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {acme.key}", "Prefer": prefer}
    answers: list[str] = []
    with scope.organization(acme.organization.pk), web(tmp_path) as site, worker(tmp_path):
        for source, body in {**TAKEN, **REFUSED}.items():
            form = "application/json" if body.lstrip()[:1] == b"[" else "application/x-ndjson"
            status, answer = site.post(
                f"/api/v1/usage?source={source}&initiative=copilot",
                body,
                {**headers, "Content-Type": form},
            )
            # What shows in the first lines is refused before anything is kept, whoever waits.
            assert status in ((400, 202) if source in REFUSED else (200, 202))
            answers.append(json.dumps(answer))
        with scope.opened():
            sweep_all(now=datetime.now(UTC) + timedelta(seconds=61))
        ended = {BatchState.DONE, BatchState.REFUSED}
        until(lambda: set(ImportBatch.objects.values_list("state", flat=True)) <= ended)
        assert UsageFact.objects.filter(subject__source="bedrock").exists()
        assert UsageFact.objects.filter(subject__source="google_gemini").exists()
        assert [answer for answer in answers if WORD in answer] == []
        assert found(tmp_path) == []


def test_the_search_finds_the_word_where_it_is(acme: Company, tmp_path: Path) -> None:
    """The test above would pass as well if it looked nowhere."""
    with scope.organization(acme.organization.pk), workers.broker() as client:
        acme.organization.name = WORD
        acme.organization.save()
        row = {"initiative": "copilot", "subject": "uid:1", "day": DAY, "interactions": 1}
        acme.api().post(
            "/api/v1/usage",
            json.dumps(row | {"scope": WORD}),
            content_type="application/x-ndjson",
        )
        client.rpush("canaries", WORD)
        (tmp_path / "web.log").write_text(WORD)
        places = found(tmp_path)
        client.delete("canaries")
    assert "organizations_organization" in places
    assert [place for place in places if place.startswith("the body of batch")]
    assert str(tmp_path / "web.log") in places
    assert "b'canaries'" in places
