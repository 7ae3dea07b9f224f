"""Up or down for everybody; what is missing, by name, for this machine only."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from organizations import scope
from organizations.models import JobRun
from tests.builders import make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready() -> None:
    """Everything there: the servers of the tests, and a worker that has just been heard."""
    cache.set("worker-heard", datetime.now(UTC).isoformat())


def checks(client: Client, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/readyz", **more).json()["checks"]
    return found


def missing(client: Client) -> set[str]:
    return {name for name, check in checks(client).items() if not check["ok"]}


def test_healthz_says_up_to_anybody(client: Client) -> None:
    answer = client.get("/healthz", REMOTE_ADDR="203.0.113.9")
    assert (answer.status_code, answer.json()) == (200, {"status": "up"})


def test_healthz_asks_nothing_of_the_database(
    client: Client, django_assert_num_queries: Any
) -> None:
    """It says whether the process lives; a database that is away must not get it restarted."""
    with django_assert_num_queries(0):
        client.get("/healthz")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_are_only_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.services
def test_with_every_part_there_it_is_ready(ready: None, client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert set(checks(client)) == {
        *("database", "migrations", "broker", "worker", "nightly", "trail"),
    }
    assert missing(client) == set()


def test_others_learn_nothing_of_the_parts(client: Client) -> None:
    answer = client.get("/readyz", REMOTE_ADDR="203.0.113.9")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})


def test_a_database_that_does_not_answer_is_named(ready: None, client: Client) -> None:
    def away(execute: Callable[..., Any], *arguments: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(away):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": {"ok": False, "note": "The database does not answer."}
    }


def test_a_missing_migration_is_named(ready: None, client: Client) -> None:
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app="adoption").latest("pk").delete()
    assert client.get("/readyz").status_code == 503
    assert checks(client)["migrations"]["note"] == "1 migrations are not applied."
    assert missing(client) == {"migrations"}


def test_a_broker_that_does_not_answer_is_named(ready: None, client: Client, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert client.get("/readyz").status_code == 503
    assert missing(client) == {"broker"}


def test_a_worker_that_was_never_heard_is_named(client: Client) -> None:
    assert client.get("/readyz").status_code == 503
    assert missing(client) == {"worker"}


def test_a_worker_that_has_gone_silent_is_named(client: Client) -> None:
    now = datetime.now(UTC)
    cache.set("worker-heard", (now - timedelta(minutes=2)).isoformat())
    assert missing(client) == set()
    cache.set("worker-heard", (now - timedelta(minutes=4)).isoformat())
    assert missing(client) == {"worker"}


@pytest.mark.parametrize(
    ("hours", "note"),
    [
        (None, "No night has run yet."),
        (25, ""),
        (27, "The last night is over 26 hours ago."),
    ],
)
def test_a_late_night_is_told_and_the_site_stays_ready(
    ready: None, client: Client, hours: int | None, note: str
) -> None:
    """The pages say how old their figures are; sending people away would not make them newer."""
    now = datetime.now(UTC)
    with scope.organization(make_organization().pk):
        JobRun.objects.create(kind="night", period="2026-11-01", state="waiting", created_at=now)
        if hours is not None:
            ended = now - timedelta(hours=hours)
            JobRun.objects.update(state="done", finished_at=ended)
    assert client.get("/readyz").status_code == 200
    assert checks(client)["nightly"] == {"ok": True, "note": note}


def test_dead_jobs_are_counted(ready: None, client: Client) -> None:
    now = datetime.now(UTC)
    with scope.organization(make_organization().pk):
        JobRun.objects.create(kind="import", period="7", state="dead", created_at=now)
    assert "1 jobs are dead." in checks(client)["nightly"]["note"]
