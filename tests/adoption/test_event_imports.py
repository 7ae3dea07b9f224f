"""Logs of events (SECURITY 6.4): each adds once, in any order; nothing that was typed is stored."""

import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adoption.models import UsageEventSeen, UsageFact
from adoption.refresh.retention import forget_old_events
from adoption.sources import kept
from organizations import scope
from organizations.models import BatchChunk, ImportBatch, RowError
from tests.cast import Company
from tests.transactions import taken_back

DATA = Path(__file__).parent.parent / "data"
NDJSON, JSON = "application/x-ndjson", "application/json"
DAY = (datetime.now(UTC) - timedelta(days=3)).date()


@pytest.fixture(autouse=True)
def _in_force(acme: Company) -> Iterator[None]:
    with scope.organization(acme.organization.pk):
        yield


def call(number: int, *, who: str = "ines.roy@acme.test", day: str = "", **more: object) -> dict:  # type: ignore[type-arg]
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"{day or DAY}T10:00:00Z",
        "accountId": "111122223333",
        "identity": {"arn": f"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dev_1/{who}"},
        "requestId": f"call-{number}",
        "input": {"inputBodyJson": {"messages": "PROMPT-CANARY"}, "inputTokenCount": 10},
        "output": {"outputTokenCount": 1},
        **more,
    }


def post(company: Company, calls: list[dict], **headers: str):  # type: ignore[no-untyped-def,type-arg]
    body = "\n".join(json.dumps(one) for one in calls)
    return (
        company.api()
        .post(
            "/api/v1/usage?source=bedrock&initiative=copilot",
            data=body,
            content_type=NDJSON,
            headers=headers,
        )
        .json()
    )


def sums(answer: dict) -> tuple[int, int, int, int]:  # type: ignore[type-arg]
    assert answer["received"] == sum(
        answer[name] for name in ("accepted", "revised", "duplicate", "rejected")
    )
    return answer["accepted"], answer["revised"], answer["duplicate"], answer["rejected"]


def test_events_of_a_day_add_up_over_batches(acme: Company) -> None:
    assert sums(post(acme, [call(1), call(2)])) == (2, 0, 0, 0)
    assert sums(post(acme, [call(3)])) == (1, 0, 0, 0)
    fact = UsageFact.objects.get()
    assert (fact.requests, fact.tokens_in, fact.tokens_out, fact.active) == (3, 30, 3, True)
    assert fact.revision == 2


def test_an_event_that_comes_again_is_a_duplicate_wherever_it_stands(acme: Company) -> None:
    post(acme, [call(1), call(2)])
    assert sums(post(acme, [call(2), call(3), call(3)])) == (1, 0, 2, 0)
    assert UsageFact.objects.get().requests == 3


def test_nothing_that_was_typed_is_anywhere_in_the_database(acme: Company) -> None:
    post(acme, [call(1), call(2, timestamp="PROMPT-CANARY")])
    batch = ImportBatch.objects.get(kind="usage")
    assert batch.content_type == kept.MEDIA
    assert RowError.objects.get(batch=batch).line == 2
    bodies = [
        zlib.decompress(bytes(chunk.body)) for chunk in BatchChunk.objects.filter(batch=batch)
    ]
    assert bodies
    assert not any(b"CANARY" in body for body in bodies)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', ["%CANARY%"])
            assert cursor.fetchone() == (0,), table


def test_geminis_printed_sample_is_counted_by_event(acme: Company) -> None:
    body = (DATA / "google_gemini/activities.json").read_bytes()
    answer = (
        acme.api()
        .post(
            "/api/v1/usage?source=google_gemini&initiative=copilot",
            data=gzip.compress(body),
            content_type=JSON,
            headers={"Content-Encoding": "gzip"},
        )
        .json()
    )
    assert sums(answer) == (3, 0, 0, 0)
    assert answer["unmatched"] == 3
    office = UsageFact.objects.get(surface="office")
    assert (office.interactions, office.requests, office.active) == (1, 2, True)


def test_an_event_no_longer_remembered_is_refused(acme: Company) -> None:
    old = (datetime.now(UTC) - timedelta(days=40)).date().isoformat()
    answer = post(acme, [call(1, day=old), call(2)])
    assert sums(answer) == (1, 0, 0, 1)
    assert [(e["line"], e["code"]) for e in answer["errors"]] == [(1, "too_old")]


def test_an_older_batch_worked_off_late_adds_as_well(acme: Company) -> None:
    """The order in which workers come by decides nothing: every event is in the sum once."""
    from organizations.actions.batches import work_off

    late = post(acme, [call(1)], Prefer="respond-async")
    post(acme, [call(2)])
    batch = ImportBatch.objects.get(number=late["batch"])
    assert work_off(batch=batch, clock=lambda: datetime.now(UTC))
    assert UsageFact.objects.get().requests == 2


def test_a_replacing_row_is_refused_where_events_add(acme: Company) -> None:
    row = {"initiative": "copilot", "subject": "email:ines.roy@acme.test", "source": "bedrock"}
    row |= {"day": DAY.isoformat(), "requests": 5}
    answer = acme.api().post("/api/v1/usage", json.dumps(row), content_type=NDJSON).json()
    assert [error["code"] for error in answer["errors"]] == ["mixed_statement"]


def test_the_twins_events_are_the_twins(acme: Company, twin: Company) -> None:
    post(acme, [call(1)])
    assert sums(post(twin, [call(1)])) == (1, 0, 0, 0)
    assert UsageEventSeen.objects.count() == 1


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_delivery_of_the_same_events_gives_the_same_sums(data, acme: Company) -> None:  # type: ignore[no-untyped-def]
    """Split, shuffled and repeated as one likes."""
    people = ("ines.roy@acme.test", "omar@acme.test")
    events = [call(number, who=people[number % 2]) for number in range(6)]
    sent = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events)))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=3)))
    with taken_back():
        accepted = 0
        for first, last in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            if sent[first:last]:
                accepted += post(acme, sent[first:last])["accepted"]
        facts = UsageFact.objects.order_by("subject__external_id")
        assert [(f.subject.external_id, f.requests, f.tokens_in) for f in facts] == [
            ("ines.roy@acme.test", 3, 30),
            ("omar@acme.test", 3, 30),
        ]
        assert accepted == 6


def test_marks_of_events_are_forgotten_after_the_time_in_which_they_are_refused(
    acme: Company,
) -> None:
    oldest = (datetime.now(UTC) - timedelta(days=35)).date().isoformat()
    post(acme, [call(1, day=oldest), call(2)])
    now = datetime.now(UTC)
    assert forget_old_events(organization_id=acme.organization.pk, now=now) == 0
    later = now + timedelta(days=2)
    assert forget_old_events(organization_id=acme.organization.pk, now=later) == 1
    assert UsageEventSeen.objects.get().day == DAY
