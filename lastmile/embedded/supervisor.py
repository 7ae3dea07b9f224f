"""Keeps a set of child processes alive in the foreground until a signal asks it to stop."""

import contextlib
import json
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lastmile.embedded import children
from lastmile.embedded.children import Child
from lastmile.embedded.errors import EmbeddedError, StopAskedError
from lastmile.embedded.places import Places
from lastmile.embedded.services import Services

LOOK_SECONDS = 0.2
FALLS_ALLOWED = 8
FALLS_WINDOW_SECONDS = 60
AUTOMATIC_PORTS = (8000, 8019)
SAME_START_SECONDS = 1.0


def say(text: str) -> None:
    """Print for the person at the terminal; a terminal that is gone must not stop a stop."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


class Signals:
    """Counts the signals that ask us to stop.

    The handler never raises: an exception out of a handler can land inside `Popen.poll` while it
    holds its lock, and the stop would hang for ever. Loops look at the count instead.
    """

    def __init__(self) -> None:
        self.count = 0

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._receive)

    def _receive(self, number: int, frame: object) -> None:
        self.count += 1
        if self.count >= 3:
            os._exit(130)

    @property
    def stopping(self) -> bool:
        return self.count > 0

    def tick(self) -> None:
        """Raises StopAskedError when asked to stop; for loops that wait."""
        if self.stopping:
            raise StopAskedError


@dataclass(frozen=True)
class Program:
    """One child: what to call it and how to start it."""

    name: str
    command: Sequence[str | Path]
    pass_fds: Sequence[int] = ()


@dataclass
class Supervisor:
    """The programs and services of one data folder. The caller holds the folder's lock."""

    where: Places
    services: Services
    signals: Signals
    cwd: Path
    env: Mapping[str, str]
    running: dict[str, tuple[Program, Child]] = field(default_factory=dict)
    falls: deque[float] = field(default_factory=deque)

    def start(self, program: Program) -> Child:
        """Start a program and keep it alive until `stop`."""
        child = self._spawn(program)
        self.running[program.name] = (program, child)
        self._note_children()
        return child

    def run(self, program: Program) -> Iterator[Child]:
        """Start a program that ends by itself; yields while it runs, so that `watch` goes on."""
        child = self._spawn(program)
        try:
            while child.poll() is None:
                yield child
        finally:
            children.stop([child])
        yield child

    def watch(self, story: Iterator[object]) -> int:
        """Advance the story and replace fallen children until a signal comes; the exit code."""
        while not self.signals.stopping:
            next(story, None)
            if not self._revive():
                say(f"More than {FALLS_ALLOWED} falls within a minute. Stopping.")
                return 1
            time.sleep(LOOK_SECONDS)
        return 0

    def stop(self) -> None:
        """Web, worker and beat first, in the order of their start; then broker and database."""
        children.stop([child for _, child in self.running.values()])
        self.running.clear()
        self.services.stop()
        with contextlib.suppress(OSError):
            self.where.children.unlink(missing_ok=True)

    def _spawn(self, program: Program) -> Child:
        return children.spawn(
            program.command, env=self.env, cwd=self.cwd, pass_fds=program.pass_fds
        )

    def _revive(self) -> bool:
        fallen = self.services.revive(tick=self.signals.tick)
        for name, (program, child) in list(self.running.items()):
            code = child.poll()
            if code is not None:
                fallen.append(f"{name} (exit code {code})")
                # Its pool processes may still live in its group.
                children.stop([child])
                self.start(program)
        for name in fallen:
            say(f"{name} ended; started again.")
        return self._count(len(fallen))

    def _count(self, fallen: int) -> bool:
        now = time.monotonic()
        self.falls.extend([now] * fallen)
        while self.falls and now - self.falls[0] > FALLS_WINDOW_SECONDS:
            self.falls.popleft()
        return len(self.falls) <= FALLS_ALLOWED

    def _note_children(self) -> None:
        notes = []
        for _, child in self.running.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                started = psutil.Process(child.pid).create_time()
                notes.append({"pid": child.pid, "started": started})
        self.where.children.write_text(json.dumps(notes))


def end_orphans(where: Places) -> int:
    """End children of a supervisor that was killed, where the kernel did not; how many there were.

    Linux sends them a signal when we die; macOS has no such call. A process is ours only if pid and
    start time both match the list.
    """
    try:
        notes = json.loads(where.children.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return 0
    orphans: list[psutil.Process] = []
    for note in notes:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(note["pid"])
            same = abs(process.create_time() - note["started"]) < SAME_START_SECONDS
            if same and process.status() != psutil.STATUS_ZOMBIE:
                orphans += [process, *process.children(recursive=True)]
    for signal_name in ("terminate", "kill"):
        for process in orphans:
            with contextlib.suppress(psutil.Error):
                getattr(process, signal_name)()
        _, orphans_left = psutil.wait_procs(orphans, timeout=6)
        if not orphans_left:
            break
    where.children.unlink(missing_ok=True)
    return len(orphans)


def listen(
    *,
    host: str,
    port: int | None,
    first: int = AUTOMATIC_PORTS[0],
    last: int = AUTOMATIC_PORTS[1],
) -> socket.socket:
    """The web server's socket: the asked port, or the first free one from `first` to `last`.

    Raises EmbeddedError when the asked port, or each of them, is taken.
    """
    wanted = [port] if port is not None else list(range(first, last + 1))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reason = ""
    for number in wanted:
        try:
            return socket.create_server((host, number), family=family, backlog=512)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
    raise EmbeddedError(
        f"Cannot listen on {host}:{wanted[-1]}: {reason}. Choose another with --port."
    )
