"""Is everything there that an answer needs? Details only for this machine or a token."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis import Redis
from redis.exceptions import RedisError

HEARD_WITHIN = timedelta(minutes=3)
NIGHT_WITHIN = timedelta(hours=26)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One answer: `ok` decides readiness, `note` explains."""

    name: str
    ok: bool
    note: str = ""


def checks(*, now: datetime) -> list[Check]:
    """Database, migrations, broker, worker, nightly, trail; each names what is wrong."""
    database = _database()
    if not database.ok:
        return [database]
    return [database, _migrations(), _broker(), _worker(now), _nightly(now), _role()]


def _database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Check(name="database", ok=False, note="The database does not answer.")
    return Check(name="database", ok=True)


def _migrations() -> Check:
    executor = MigrationExecutor(connection)
    open_ones = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    note = f"{open_ones} migrations are not applied." if open_ones else ""
    return Check(name="migrations", ok=not open_ones, note=note)


def _broker() -> Check:
    address = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://").replace(
        "virtual_host=", "db="
    )
    try:
        with Redis.from_url(address, socket_timeout=2) as client:
            client.ping()
    except (RedisError, OSError, ValueError):
        return Check(name="broker", ok=False, note="Redis does not answer; work waits.")
    return Check(name="broker", ok=True)


def _worker(now: datetime) -> Check:
    """The sweep runs in the worker and leaves its time in the cache table."""
    heard = cache.get("worker-heard")
    if heard is None:
        return Check(name="worker", ok=False, note="No worker has been heard from yet.")
    late = now - datetime.fromisoformat(heard) > HEARD_WITHIN
    return Check(name="worker", ok=not late, note="Not heard for 3 minutes." if late else "")


def _nightly(now: datetime) -> Check:
    """A late night is told, and pages show it; the site answers all the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(finished_at) FROM organizations_jobrun"
            " WHERE kind = 'night' AND state = 'done'"
        )
        (last,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM organizations_jobrun WHERE state = 'dead'")
        (dead,) = cursor.fetchone()
    notes = [
        *(["No night has run yet."] if last is None else []),
        *(["The last night is over 26 hours ago."] if last and now - last > NIGHT_WITHIN else []),
        *([f"{dead} jobs are dead."] if dead else []),
    ]
    return Check(name="nightly", ok=True, note=" ".join(notes))


def _role() -> Check:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(current_user, 'organizations_auditevent', 'UPDATE')"
        )
        (can_update,) = cursor.fetchone()
    note = "Only the trigger guards the audit trail: the role lastmile_app is not in use."
    return Check(name="trail", ok=True, note=note if can_update else "")
