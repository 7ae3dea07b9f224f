"""The real web in processes of its own: asked by many at once, or killed in mid-request."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

from tests.faults.workers import ROOT, until

PROCESSES, THREADS = 2, 4
PATIENCE = 60


class Web:
    """gunicorn on a free port of this machine, with a lease that runs out soon."""

    def __init__(self, log: Path, *, lease_seconds: int) -> None:
        self.log = log
        with socket.create_server(("127.0.0.1", 0)) as place:
            self.port = place.getsockname()[1]
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                [
                    *(sys.executable, "-W", "ignore", "-m", "gunicorn"),
                    *("lastmile.wsgi:application", "--bind", f"127.0.0.1:{self.port}"),
                    *("--workers", str(PROCESSES), "--threads", str(THREADS)),
                    *("--no-control-socket", "--log-level", "warning"),
                ],
                cwd=ROOT,
                env={**os.environ, "LASTMILE_LEASE_SECONDS": str(lease_seconds)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL for all of it at once."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(10)

    def stop(self) -> None:
        if self.child.poll() is None:
            self.kill()

    def listens(self) -> bool:
        assert self.child.poll() is None, self.log.read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any]:
        """Status and JSON of the answer; (0, None) where the connection broke before one."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            link.request("POST", path, body, {"Host": "localhost", **headers})
            answer = link.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            link.close()

    def post_at_once(
        self, clients: int, path: str, body: bytes, headers: Mapping[str, str]
    ) -> list[tuple[int, Any]]:
        """The same request from so many clients, sent at the same moment."""
        start = Barrier(clients)

        def one(_: int) -> tuple[int, Any]:
            start.wait(PATIENCE)
            return self.post(path, body, headers)

        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(one, range(clients)))


@contextmanager
def web(folder: Path, *, lease_seconds: int = 60) -> Iterator[Web]:
    """A web on the database and the broker of this test process."""
    one = Web(folder / "web.log", lease_seconds=lease_seconds)
    try:
        until(one.listens)
        yield one
    except BaseException:
        sys.stderr.write(one.log.read_text())
        raise
    finally:
        one.stop()
