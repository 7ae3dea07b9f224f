"""The supervisor as people meet it: `manage.py up` from its start to every way of its end."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


class Site:
    """A running `manage.py up` on a data folder of its own, with its own embedded services."""

    def __init__(self, data: Path, *arguments: str) -> None:
        # Nor the measuring of coverage, which takes the signals that are the point here.
        without = ("DATABASE_URL", "REDIS_URL", "LASTMILE_DB_ROLE", "PORT", "COVERAGE_PROCESS")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(without)}
        self.data = data
        self.said: list[str] = []
        self.ready = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up", *arguments],
            env=environment | {"LASTMILE_DATA": str(data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if "is ready at" in line:
                self.ready.set()
        self.ready.set()

    @property
    def output(self) -> str:
        return "".join(self.said)

    @property
    def port(self) -> int:
        found = re.search(r"ready at http://127\.0\.0\.1:(\d+)", self.output)
        assert found, self.output
        return int(found[1])

    def wait(self) -> int:
        code = self.process.wait(timeout=40)
        self.reader.join()
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def running(data: Path) -> Iterator[Site]:
    site = Site(data, "--port", free_port())
    try:
        assert site.ready.wait(START_SECONDS), site.output
        assert site.process.poll() is None, site.output
        yield site
    finally:
        if site.process.poll() is None:
            site.process.terminate()
            site.wait()


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as line:
        return str(line.getsockname()[1])


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def all_end(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=15)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@pytest.mark.services
def test_up_serves_refuses_a_second_and_ends_cleanly(data_folder: Path) -> None:
    with running(data_folder) as site:
        assert "First visit:" in site.output
        assert status(site.port, "/healthz") == 200
        assert status(site.port, "/readyz") == 200
        children = site.processes()
        second = Site(data_folder)
        assert second.wait() == 1
        assert f"Already running on this data folder (pid {site.process.pid}" in second.output
        assert status(site.port, "/healthz") == 200
        site.process.send_signal(signal.SIGINT)
        assert site.wait() == 0
        assert all_end(children)
        assert not (data_folder / "run" / "valkey.sock").exists()


@pytest.mark.services
def test_up_survives_kill_of_the_supervisor_and_then_of_everything(data_folder: Path) -> None:
    with running(data_folder) as site:
        children = site.processes()
        site.process.kill()
        site.wait()
        if sys.platform.startswith("linux"):
            assert all_end(children)
    with running(data_folder) as site:
        children = site.processes()
        for process in (psutil.Process(site.process.pid), *children):
            process.kill()
        site.wait()
        assert all_end(children)
    with running(data_folder) as site:
        assert status(site.port, "/readyz") == 200
        site.process.terminate()
        assert site.wait() == 0
