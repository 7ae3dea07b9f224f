"""`start`: `manage.py up` on an existing data folder until /readyz says 200, and the way out.

Ready means more than a first page: the web answers, migrations are applied, the broker is there and
the worker has been heard from. Yardstick: a bare Python that imports Django and sets it up.
The way out runs from SIGTERM until every process of the installation is gone.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.findings import Finding, Goal
from benchmarks.harness import median, ratio, seconds
from benchmarks.installation import LOG, ROOT, Installation
from lastmile.embedded import children
from lastmile.embedded.children import Child
from lastmile.embedded.probe import ask

READY_SECONDS = 90
GONE_SECONDS = 40
LOOK_SECONDS = 0.02
HOST = "127.0.0.1"
# The folder is a new installation with services of its own.
_NOT_OURS = ("DATABASE_URL", "REDIS_URL", "LASTMILE_DB_ROLE", "PORT")
_BARE = "import django; django.setup()"


def run(*, site: Installation, quick: bool) -> list[Finding]:
    rounds = 1 if quick else 5
    folder = site.data / "start"
    environment = {k: v for k, v in site.environment.items() if k not in _NOT_OURS}
    environment["LASTMILE_DATA"] = str(folder)
    # The first start makes the database's files.
    _start_and_stop(environment, folder)
    starts, stops, bare, left = [], [], [], 0
    for _ in range(rounds):
        bare.append(seconds(lambda: _bare(environment)))
        ready, gone, survivors = _start_and_stop(environment, folder)
        starts.append(ready)
        stops.append(gone)
        left += survivors
    return [
        Finding(
            name="start until ready ÷ bare django.setup()",
            sizes=f"{rounds} starts, existing folder",
            seconds=median(starts),
            yardstick=median(bare),
            ratio=ratio(starts, bare),
            goal=Goal(limit=6, absolute=True),
        ),
        Finding(
            name="start: SIGTERM until all are gone",
            sizes=f"{rounds} stops, nothing left",
            seconds=median(stops),
            goal=Goal(limit=5, absolute=True),
            equal=left == 0,
        ),
    ]


def _bare(environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-c", _BARE], cwd=ROOT, env=environment, check=True)


def _start_and_stop(environment: dict[str, str], folder: Path) -> tuple[float, float, int]:
    """Seconds until ready, seconds until gone, and how many processes outlived the stop."""
    port = _free_port()
    begun = time.perf_counter()
    with _up(environment, folder, port=port) as child:
        _wait_until_ready(child, port)
        ready = time.perf_counter() - begun
        family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
        told = time.perf_counter()
        child.terminate()
        # Reaped here, or it would stay behind as a zombie of ours.
        child.wait(timeout=GONE_SECONDS)
        _, survivors = psutil.wait_procs(family, timeout=GONE_SECONDS)
        gone = time.perf_counter() - told
    return ready, gone, len(survivors)


@contextmanager
def _up(environment: dict[str, str], folder: Path, *, port: int) -> Iterator[Child]:
    folder.mkdir(exist_ok=True, mode=0o711)
    command = [sys.executable, ROOT / "manage.py", "up", "--port", str(port)]
    child = children.spawn(command, env=environment, cwd=ROOT, output=folder / LOG)
    try:
        yield child
    finally:
        children.stop([child])


def _wait_until_ready(child: Child, port: int) -> None:
    end = time.monotonic() + READY_SECONDS
    status = None
    while time.monotonic() < end and child.poll() is None:
        status = ask(host=HOST, port=port, path="/readyz", name=HOST)
        if status == 200:
            return
        time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"The site is not ready (exit code {child.poll()}); it says {status}.")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as line:
        return int(line.getsockname()[1])
