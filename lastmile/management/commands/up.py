"""`manage.py up`: everything in the foreground, in order, as children of one supervisor."""

import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus
from socket import socket
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError

from lastmile.celery import app as celery
from lastmile.embedded.errors import EmbeddedError, StopAskedError
from lastmile.embedded.places import places
from lastmile.embedded.probe import ask
from lastmile.embedded.roles import APPLICATION_ROLE, may_become
from lastmile.embedded.services import Services, sole_use
from lastmile.embedded.supervisor import (
    Program,
    Signals,
    Supervisor,
    end_orphans,
    listen,
    say,
)
from lastmile.health import checks

READY_SECONDS = 90
WEB = (
    *("--workers", "1", "--threads", "8", "--graceful-timeout", "5"),
    *("--no-control-socket", "--log-level", "warning"),
)
WORKER = (
    *("-P", "prefork", "-c", "2", "-Q", "ingest,compute,reports,mail"),
    *("--max-tasks-per-child", "200", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - bound only when asked for


class Command(BaseCommand):
    help = "Start the embedded services (where none are configured), migrate, and serve the site."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load the sample organizations")
        parser.add_argument("--port", type=int, help="default: PORT, else the first free from 8000")
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        signals = Signals()
        signals.listen()
        port = options["port"] or int(os.environ.get("PORT") or 0) or None
        demo = bool(options["demo"] or settings.LASTMILE_DEMO)
        try:
            code = self._serve(signals, host=options["host"], port=port, demo=demo)
        except StopAskedError:
            code = 0
        except EmbeddedError as refusal:
            raise CommandError(str(refusal)) from None
        say("Stopped.")
        sys.exit(code)

    def _serve(self, signals: Signals, *, host: str, port: int | None, demo: bool) -> int:
        where = places(settings.DATA_DIR)
        with sole_use(where) as note_address:
            if end_orphans(where):
                say("Ended processes that an earlier run had left behind.")
            with closing(listen(host=host, port=port)) as line:
                site = Site(line, demo=demo)
                note_address(site.url)
                supervisor = Supervisor(
                    where=where,
                    services=Services(
                        where,
                        database=not os.environ.get("DATABASE_URL"),
                        broker=not os.environ.get("REDIS_URL"),
                        tell=say,
                    ),
                    signals=signals,
                    cwd=settings.BASE_DIR,
                    env=site.environment,
                )
                try:
                    return site.run(supervisor)
                finally:
                    supervisor.stop()


def ring_all_bells() -> None:
    """Beat waits an interval before its first ring; after a start, work may have waited long."""
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        try:
            celery.send_task(entry["task"], retry=False)
        except OperationalError:
            say("The broker does not answer; Beat will ring again.")
            return


class Site:
    """What runs on the services: web, worker, beat and, in a demo, the loader of the sample."""

    def __init__(self, line: socket, *, demo: bool) -> None:
        self.line = line
        host, self.port = line.getsockname()[:2]
        self.host = EVERY_ADDRESS.get(host, host)
        shown = f"[{self.host}]" if ":" in self.host else self.host
        self.url = f"http://{shown}:{self.port}"
        self.demo = demo
        self.environment = {
            **os.environ,
            "LASTMILE_DATA": str(settings.DATA_DIR),
            "LASTMILE_DEMO": "1" if demo else "",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, supervisor: Supervisor) -> int:
        """Start all in order and stay until a signal; the exit code."""
        if os.getuid() == 0:
            say("Running as root, which is fine for a trial only.")
        supervisor.services.start(tick=supervisor.signals.tick)
        self._prepare_database()
        supervisor.signals.tick()
        for program in self._programs():
            supervisor.start(program)
        return supervisor.watch(self._story(supervisor))

    def _prepare_database(self) -> None:
        """Migrate as the owner; the children then run in the lesser role where there is one."""
        call_command("migrate", interactive=False, verbosity=0)
        with connection.cursor() as cursor:
            if may_become(cursor):
                self.environment["LASTMILE_DB_ROLE"] = APPLICATION_ROLE
            organizations = apps.get_model("organizations", "Organization")
            self.empty = not organizations._default_manager.exists()
        connection.close()

    def _programs(self) -> list[Program]:
        python = sys.executable
        descriptor = self.line.fileno()
        schedule = settings.DATA_DIR / "beat-schedule"
        gunicorn = [python, "-m", "gunicorn", "lastmile.wsgi:application"]
        # Said once above, in our own words, instead of nine lines by each process.
        calm = ["-W", "ignore:You're running the worker with superuser privileges"]
        background = [python, *calm, "-m", "celery", "-A", "lastmile.celery:app", "-q"]
        return [
            Program(
                "Web",
                [*gunicorn, "--bind", f"fd://{descriptor}", *WEB],
                pass_fds=[descriptor],
            ),
            Program(
                "Worker",
                [*background, "worker", *WORKER],
            ),
            Program(
                "Beat",
                [*background, "beat", "--loglevel", "WARNING", "--schedule", str(schedule)],
            ),
        ]

    def _story(self, supervisor: Supervisor) -> Iterator[object]:
        ring_all_bells()
        yield from self._wait_until_ready()
        if self.demo:
            yield from self._load_sample(supervisor)
        elif self.empty:
            say(f"First visit: {self.url}/welcome/ creates your organization.")
        say(f"Last Mile is ready at {self.url}  Ctrl-C stops it.")

    def _wait_until_ready(self) -> Iterator[None]:
        end = time.monotonic() + READY_SECONDS
        while missing := self._missing():
            if time.monotonic() > end:
                say(f"Not ready after {READY_SECONDS} s: {missing}")
                return
            yield

    def _missing(self) -> str:
        """What /readyz would complain of, asked without leaving its refusals in the log."""
        answer = ask(host=self.host, port=self.port, path="/healthz", name=self._name())
        if answer != HTTPStatus.OK:
            return f"/healthz answers {answer or 'nothing'}."
        try:
            found = checks(now=datetime.now(UTC))
        except DatabaseError as error:
            return str(error)
        finally:
            connection.close()
        return " ".join(f"{check.name}: {check.note}" for check in found if not check.ok)

    def _name(self) -> str:
        names: list[str] = [
            name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*"))
        ]
        return names[0] if names else self.host

    def _load_sample(self, supervisor: Supervisor) -> Iterator[object]:
        command: list[str] = [sys.executable, str(settings.BASE_DIR / "manage.py"), "load_sample"]
        child = None
        for child in supervisor.run(Program("Sample", [*command, "--url", self.url])):
            yield child
        if child is not None and child.returncode and not supervisor.signals.stopping:
            say(f"The sample could not be loaded whole (exit code {child.returncode}); see above.")
