"""One body from eight clients at once, and a web or a worker that dies over it: one effect, whether
rows replace, are added up within their body, or add to what is there (SECURITY 6)."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adoption.models import UsageFact, UsageFactHistory
from organizations import scope
from organizations.actions.batches import JOB
from organizations.actions.sweep import sweep_all
from organizations.calculations.jobs import BatchState
from organizations.models import AuditEvent, ImportBatch, JobRun
from tests.cast import Company
from tests.faults import workers
from tests.faults.web import Web, web
from tests.faults.workers import barrier, until, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

CLIENTS = 8
PEOPLE = ("bo.chen@acme.test", "ines@acme.test", "omar@acme.test")
ROWS = 60
DAY = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
# Every fact is written already, and the transaction still open.
WRITTEN = "LOCK TABLE organizations_dirtyweek IN SHARE MODE"


@dataclass(frozen=True)
class Tongue:
    """One way in which rows come to facts, and what sixty of them come to for each person."""

    source: str
    row: Callable[[int], dict[str, object]]
    measure: str
    each: int
    accepted: int

    @property
    def body(self) -> bytes:
        return "\n".join(json.dumps(self.row(number)) for number in range(ROWS)).encode()

    @property
    def path(self) -> str:
        return f"/api/v1/usage?source={self.source}&initiative=copilot"

    def __str__(self) -> str:
        return self.source


def stated(number: int) -> dict[str, object]:
    """A row of a person that replaces: one surface and day each would be one fact; twenty days."""
    day = datetime.fromisoformat(DAY) - timedelta(days=number // len(PEOPLE))
    who = f"email:{PEOPLE[number % len(PEOPLE)]}"
    return {"subject": who, "day": day.date().isoformat(), "surface": "chat", "interactions": 1}


def part(number: int) -> dict[str, object]:
    """One of a person's twenty lines of a day, which are added up."""
    actor = {"email_address": PEOPLE[number % len(PEOPLE)]}
    return {"actor": actor, "date": f"{DAY}T00:00:00Z", "core_metrics": {"num_sessions": 1}}


def call(number: int) -> dict[str, object]:
    """An event that adds to its day."""
    arn = "arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_1/" + PEOPLE[number % len(PEOPLE)]
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"{DAY}T10:00:00Z",
        "identity": {"arn": arn},
        "requestId": f"call-{number}",
    }


REPLACED = Tongue("canonical", stated, "interactions", each=20, accepted=60)
SUMMED = Tongue("claude_code", part, "sessions", each=20, accepted=3)
ADDED = Tongue("bedrock", call, "requests", each=20, accepted=60)
TONGUES = [REPLACED, SUMMED, ADDED]


@pytest.fixture(autouse=True)
def _empty_broker() -> None:
    with workers.broker() as client:
        client.flushdb()


def headers(company: Company, **more: str) -> dict[str, str]:
    form = {"Content-Type": "application/x-ndjson"}
    return {"Authorization": f"Bearer {company.key}", **form, **more}


def assert_counted_once(tongue: Tongue) -> None:
    """Whatever came how often: every row is in the facts once, and the books say so."""
    sums: dict[str, int] = {}
    for who, value in UsageFact.objects.values_list("subject__external_id", tongue.measure):
        sums[who] = sums.get(who, 0) + value
    assert sums == dict.fromkeys(PEOPLE, tongue.each)
    assert not UsageFactHistory.objects.exists()
    batches = list(ImportBatch.objects.all())
    assert {batch.state for batch in batches} == {BatchState.DONE}
    assert sum(batch.accepted for batch in batches) == tongue.accepted
    assert {batch.revised + batch.rejected for batch in batches} == {0}
    for batch in batches:
        assert batch.received == batch.accepted + batch.duplicate == tongue.accepted
        done = AuditEvent.objects.filter(action="usage.imported", object_id=str(batch.number))
        assert done.count() == 1


@pytest.mark.parametrize("tongue", TONGUES, ids=str)
def test_eight_clients_with_one_key_make_one_batch(
    tongue: Tongue, acme: Company, tmp_path: Path
) -> None:
    keyed = headers(acme, **{"Idempotency-Key": "night-1"})
    with web(tmp_path) as site, scope.organization(acme.organization.pk):
        answers = site.post_at_once(CLIENTS, tongue.path, tongue.body, keyed)
        assert {status for status, _ in answers} <= {200, 409}
        told = [answer for status, answer in answers if status == 200]
        assert told
        assert {answer["batch"] for answer in told} == {1}
        assert ImportBatch.objects.count() == 1
        assert site.post(tongue.path, tongue.body, keyed) == (200, told[0])
        assert_counted_once(tongue)


@pytest.mark.parametrize("tongue", TONGUES, ids=str)
def test_eight_clients_without_a_key_have_one_effect(
    tongue: Tongue, acme: Company, tmp_path: Path
) -> None:
    """Who asks for no key may be taken in several times; what it states is there once."""
    with web(tmp_path) as site, scope.organization(acme.organization.pk):
        answers = site.post_at_once(CLIENTS, tongue.path, tongue.body, headers(acme))
        assert {status for status, _ in answers} <= {200, 409}
        assert [status for status, _ in answers].count(200) >= 1
        assert_counted_once(tongue)


def assert_nothing_is_written(batch: ImportBatch) -> None:
    batch.refresh_from_db()
    assert batch.state == BatchState.RUNNING
    assert not UsageFact.objects.exists()
    assert not AuditEvent.objects.filter(action="usage.imported").exists()


def lease_is_over(batch: ImportBatch) -> bool:
    until_when = JobRun.objects.get(kind=JOB, period=str(batch.number)).lease_until
    return until_when is not None and until_when < datetime.now(UTC)


def finish(batch: ImportBatch, folder: Path) -> None:
    """Whoever had it is dead: the sweeper finds it, and a worker works it off."""
    until(lambda: lease_is_over(batch))
    with scope.opened():
        assert sweep_all(now=datetime.now(UTC) + timedelta(seconds=61)) >= 1
    with worker(folder):
        until(
            lambda: ImportBatch.objects.get(pk=batch.pk).state == BatchState.DONE,
            seconds=40,
        )


def sent_again(site: Web, tongue: Tongue, keyed: dict[str, str]) -> None:
    """The sender does not know what became of it, sends again, and is told the first end."""
    status, answer = site.post(tongue.path, tongue.body, keyed)
    assert (status, answer["accepted"], answer["batch"]) == (200, tongue.accepted, 1)
    assert ImportBatch.objects.count() == 1
    assert_counted_once(tongue)


@pytest.mark.parametrize("tongue", [pytest.param(SUMMED, marks=pytest.mark.slow), ADDED], ids=str)
def test_a_web_killed_before_its_answer_loses_and_doubles_nothing(
    tongue: Tongue, acme: Company, database_url: str, tmp_path: Path
) -> None:
    keyed = headers(acme, **{"Idempotency-Key": "night-1"})
    with scope.organization(acme.organization.pk), ThreadPoolExecutor(1) as sender:
        with web(tmp_path, lease_seconds=1) as first, barrier(database_url, WRITTEN) as stop:
            answer = sender.submit(first.post, tongue.path, tongue.body, keyed)
            [session] = until(stop.waiting, seconds=40)
            first.kill()
            assert answer.result() == (0, None)
        until(lambda: session not in workers.sessions(database_url))
        batch = ImportBatch.objects.get()
        assert_nothing_is_written(batch)
        finish(batch, tmp_path)
        with web(tmp_path) as second:
            sent_again(second, tongue, keyed)


@pytest.mark.parametrize("tongue", [SUMMED, pytest.param(ADDED, marks=pytest.mark.slow)], ids=str)
def test_a_worker_killed_after_the_answer_loses_and_doubles_nothing(
    tongue: Tongue, acme: Company, database_url: str, tmp_path: Path
) -> None:
    keyed = headers(acme, **{"Idempotency-Key": "night-1"})
    later = {**keyed, "Prefer": "respond-async"}
    with scope.organization(acme.organization.pk), web(tmp_path) as site:
        status, answer = site.post(tongue.path, tongue.body, later)
        assert (status, answer["state"]) == (202, "received")
        batch = ImportBatch.objects.get()
        with barrier(database_url, WRITTEN) as stop, worker(tmp_path) as first:
            with scope.opened():
                assert sweep_all(now=datetime.now(UTC) + timedelta(seconds=61)) == 1
            [session] = until(stop.waiting, seconds=40)
            first.kill()
        until(lambda: session not in workers.sessions(database_url))
        assert_nothing_is_written(batch)
        finish(batch, tmp_path)
        sent_again(site, tongue, keyed)
