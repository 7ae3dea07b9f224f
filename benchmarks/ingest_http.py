"""`ingest_http`: usage over HTTP until it is merged, beside COPY and merge of the same rows.

Ours: one post of 20,000 rows with a real key to gunicorn (one worker, eight threads) over loopback.
The server keeps the body, answers 202 and wakes the Celery worker, which parses, validates, merges
with history and marks what is out of date. The time runs from the first byte sent until the batch
is committed as done. The refresh that follows has a benchmark of its own and its queue waits.

Yardsticks: the rows, ready parsed and with ids, COPYed into a temporary table and merged by
INSERT … ON CONFLICT into a table of the same columns, key and months, and the same bytes stored
uncompressed; once without the foreign keys of the facts and once with them. And a list serializer
of Django REST framework with bulk_create, in this process, without HTTP, body, history and marks.
"""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from io import StringIO
from typing import Any

from django.db import connection, transaction
from rest_framework import serializers

from adoption.models import UsageFact
from benchmarks.company import Company, make_company, make_initiative
from benchmarks.findings import Finding, Goal
from benchmarks.harness import interleaved, median, ratio
from benchmarks.installation import Installation
from benchmarks.usage_rows import COLUMNS, ROWS, as_copy, as_ndjson, rows_of
from lastmile.management.commands.up import WEB, WORKER
from organizations import scope

PEOPLE = 4_000
TABLES = ("plain_fact", "plain_fact_keys")
READY_SECONDS = 60
MERGED_SECONDS = 30
LOOK_SECONDS = 0.002

_NAMES = ", ".join(COLUMNS)
_KEY = "organization_id, period_start, subject_id, initiative_id, surface, grain"
_SAID = ("period_end", "active", "interactions", "accepted", "as_of", "batch_id")
_MERGE = """
INSERT INTO {table} AS y ({names}) SELECT {names} FROM plain_rows
    ON CONFLICT ({key}) DO UPDATE
   SET {said}, revision = y.revision + 1
"""
_TABLE = """
CREATE TABLE {table} (LIKE adoption_usagefact INCLUDING ALL) PARTITION BY RANGE (period_start)
"""
_FOREIGN_KEYS = """
ALTER TABLE plain_fact_keys
    ADD FOREIGN KEY (organization_id, subject_id)
        REFERENCES organizations_subject (organization_id, id),
    ADD FOREIGN KEY (organization_id, initiative_id)
        REFERENCES portfolio_initiative (organization_id, id)
"""
_DIFFERENCES = """
SELECT count(*) FROM (
    (SELECT {names} FROM adoption_usagefact WHERE organization_id = {org} EXCEPT ALL
     SELECT {names} FROM {table})
    UNION ALL
    (SELECT {names} FROM {table} EXCEPT ALL
     SELECT {names} FROM adoption_usagefact WHERE organization_id = {org})) d
"""


def run(*, site: Installation, quick: bool) -> list[Finding]:
    rounds = 3 if quick else 7
    company = make_company(name="Ingest", people=PEOPLE)
    with scope.organization(company.organization_id), served(site) as port:
        bench = Bench(site=site, company=company, port=port)
        bench.prepare(posts=rounds + 1)
        times = interleaved(
            {
                "ours": lambda number: bench.post(number + 1),
                "plain": lambda number: bench.copy_and_merge(number + 1, table="plain_fact"),
                "keys": lambda number: bench.copy_and_merge(number + 1, table="plain_fact_keys"),
            },
            rounds=rounds,
        )
        equal = {
            table: bench.differences(table) == 0 for table in ("plain_fact", "plain_fact_keys")
        }
        slow = interleaved(
            {"drf": bench.serialize, "ours": lambda number: bench.post(number + rounds + 1)},
            rounds=2 if quick else 3,
        )
    sizes = f"{rounds} x {ROWS:,} rows, {PEOPLE:,} people"
    ours = median(times["ours"])
    return [
        Finding(
            name="ingest_http ÷ COPY + merge",
            sizes=sizes,
            seconds=ours,
            yardstick=median(times["plain"]),
            ratio=ratio(times["plain"], times["ours"]),
            goal=Goal(limit=0.5, at_least=True),
            equal=equal["plain_fact"],
        ),
        Finding(
            name="ingest_http ÷ COPY + merge with foreign keys",
            sizes=sizes,
            seconds=ours,
            yardstick=median(times["keys"]),
            ratio=ratio(times["keys"], times["ours"]),
            equal=equal["plain_fact_keys"],
        ),
        Finding(
            name="ingest_http ÷ list serializer + bulk_create",
            sizes=f"{len(slow['drf'])} x {ROWS:,} rows",
            seconds=median(slow["ours"]),
            yardstick=median(slow["drf"]),
            ratio=ratio(slow["drf"], slow["ours"]),
            goal=Goal(limit=8, at_least=True),
        ),
    ]


@contextmanager
def served(site: Installation) -> Iterator[int]:
    """Web server and import worker of the installation, as `manage.py up` starts them; the port."""
    with ExitStack() as stack:
        line = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        bind = ("--bind", f"fd://{line.fileno()}")
        web = ("gunicorn", "lastmile.wsgi:application", *bind, *WEB)
        stack.enter_context(site.running(*web, pass_fds=[line.fileno()]))
        # Without the queue of the refresh, which would run into the next measurement.
        only_imports = [word if "ingest" not in word else "ingest" for word in WORKER]
        stack.enter_context(
            site.running("celery", "-A", "lastmile.celery:app", "-q", "worker", *only_imports)
        )
        port = line.getsockname()[1]
        _wait_until_healthy(port)
        yield port


def _wait_until_healthy(port: int) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS)) as line:
                line.request("GET", "/healthz")
                if line.getresponse().status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The web server is not healthy after {READY_SECONDS} s.")


@dataclass(kw_only=True)
class Bench:
    """One company under import, and its yardstick's tables."""

    site: Installation
    company: Company
    port: int

    def prepare(self, *, posts: int) -> None:
        """Make the bodies, and post the first one, which makes the subjects and links."""
        today = datetime.now(UTC).date()
        # Posts for the serializer's rounds follow those of the merge's.
        numbers = range(posts + 3)
        rows = [list(rows_of(n, people=PEOPLE, last=today - timedelta(days=1))) for n in numbers]
        self.rows = rows
        self.bodies = [as_ndjson(self.company, iter(said)) for said in rows]
        self.post(0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT external_id, id FROM organizations_subject WHERE organization_id = %s",
                [self.company.organization_id],
            )
            self.subjects: dict[str, int] = dict(cursor.fetchall())
        self.lines = [as_copy(self.company, iter(said), subjects=self.subjects) for said in rows]
        self._make_tables(first=rows[0][0].day, last=today)
        for table in TABLES:
            self.copy_and_merge(0, table=table)
        self.site.as_owner("ANALYZE")
        self.serialized = make_initiative("serialized")

    def _make_tables(self, *, first: Any, last: Any) -> None:
        make = self.site.as_owner
        make("CREATE TABLE plain_body (post integer, body bytea)")
        make("ALTER TABLE plain_body ALTER body SET STORAGE EXTERNAL")
        month = first.replace(day=1)
        for table in TABLES:
            make(_TABLE.format(table=table))
        while month <= last:
            following = (month + timedelta(days=32)).replace(day=1)
            for table in TABLES:
                make(
                    f"CREATE TABLE {table}_{month:%Y%m} PARTITION OF {table}"
                    f" FOR VALUES FROM ('{month}') TO ('{following}')"
                )
            month = following
        make(_FOREIGN_KEYS)

    def post(self, number: int) -> None:
        """Post a body and wait until its batch is done; raises when it is not."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=MERGED_SECONDS)) as line:
            headers = {
                "Authorization": f"Bearer {self.company.key}",
                "Content-Type": "application/x-ndjson",
            }
            line.request("POST", "/api/v1/usage", body=self.bodies[number], headers=headers)
            response = line.getresponse()
            answer = json.loads(response.read())
        if response.status != 202:
            raise RuntimeError(f"The post was answered with {response.status}: {answer}")
        self._wait_until_merged(answer["batch"])

    def _wait_until_merged(self, number: int) -> None:
        end = time.monotonic() + MERGED_SECONDS
        state, received = "", 0
        with connection.cursor() as cursor:
            while state not in ("done", "refused", "dead") and time.monotonic() < end:
                time.sleep(LOOK_SECONDS)
                cursor.execute(
                    "SELECT state, accepted + revised FROM organizations_importbatch"
                    " WHERE organization_id = %s AND number = %s",
                    [self.company.organization_id, number],
                )
                state, received = cursor.fetchone()
        if state != "done" or received != ROWS:
            raise RuntimeError(f"Batch {number} is {state}, {received} rows.")

    def copy_and_merge(self, number: int, *, table: str) -> None:
        lines = StringIO(self.lines[number])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE plain_rows (LIKE adoption_usagefact) ON COMMIT DROP"
            )
            cursor.copy_expert(f"COPY plain_rows ({_NAMES}) FROM STDIN", lines)
            said = ", ".join(f"{name} = excluded.{name}" for name in _SAID)
            cursor.execute(_MERGE.format(table=table, names=_NAMES, key=_KEY, said=said))
            cursor.execute("INSERT INTO plain_body VALUES (%s, %s)", [number, self.bodies[number]])

    def differences(self, table: str) -> int:
        """Rows that the facts and a yardstick's table do not share; batches are ours alone."""
        names = ", ".join(name for name in COLUMNS if name != "batch_id")
        statement = _DIFFERENCES.format(names=names, table=table, org=self.company.organization_id)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.fetchone()[0])

    def serialize(self, round_number: int) -> None:
        """The first rows again, under an initiative of their own, the way a tutorial shows."""
        stated = [json.loads(line) for line in self.bodies[0].splitlines()]
        serializer = StatedSerializer(data=stated, many=True)
        serializer.is_valid(raise_exception=True)
        shift = timedelta(days=round_number * (ROWS // PEOPLE))
        with transaction.atomic():
            UsageFact.objects.bulk_create(
                [self._fact(row, shift) for row in serializer.validated_data], batch_size=1000
            )

    def _fact(self, row: dict[str, Any], shift: timedelta) -> UsageFact:
        return UsageFact(
            organization_id=self.company.organization_id,
            period_start=row["day"] + shift,
            subject_id=self.subjects[row["subject"].removeprefix("email:")],
            initiative_id=self.serialized.pk,
            surface=row["surface"],
            grain="day",
            period_end=row["day"] + shift + timedelta(days=1),
            active=row["interactions"] + row["accepted"] > 0,
            interactions=row["interactions"],
            accepted=row["accepted"],
            as_of=row["as_of"],
            batch_id=0,
        )


class StatedSerializer(serializers.Serializer[Any]):
    """One row as a tutorial would write it."""

    initiative = serializers.CharField(max_length=80)
    subject = serializers.CharField(max_length=254)
    day = serializers.DateField()
    surface = serializers.CharField(max_length=12)
    interactions = serializers.IntegerField(min_value=0)
    accepted = serializers.IntegerField(min_value=0)
    as_of = serializers.DateTimeField()
