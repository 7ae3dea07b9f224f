"""Children, supervisor, lock and port: with real processes, without any server."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from lastmile.embedded import children
from lastmile.embedded.children import Child, Step
from lastmile.embedded.errors import AlreadyRunningError, EmbeddedError, StopAskedError
from lastmile.embedded.places import places
from lastmile.embedded.services import Services, sole_use
from lastmile.embedded.supervisor import Program, Signals, Supervisor, end_orphans, listen

ROOT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
)
PARENT = """
import sys, time
from pathlib import Path
from lastmile.embedded.children import spawn
child = spawn([sys.executable, "-c", "import time; time.sleep(60)"], env={}, cwd=Path("/"))
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    where = places(tmp_path)
    services = Services(where, database=False, broker=False)
    one = Supervisor(where, services, Signals(), cwd=tmp_path, env=dict(os.environ))
    yield one
    one.stop()


def child_named(supervisor: Supervisor, name: str) -> Child:
    return supervisor.running[name][1]


def test_a_killed_parent_takes_its_children_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    if sys.platform.startswith("linux"):
        assert_ends(child)
    else:
        child.kill()


def assert_ends(process: psutil.Process) -> None:
    """Gone, or a zombie that nobody reaps where process 1 is lazy."""
    try:
        process.wait(timeout=5)
    except psutil.TimeoutExpired:
        assert process.status() == psutil.STATUS_ZOMBIE


def test_a_child_that_ignores_the_gentle_signal_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = children.spawn(
        [sys.executable, "-c", STUBBORN], env=dict(os.environ), cwd=tmp_path, output=ready
    )
    while not ready.read_bytes():
        assert child.poll() is None
    children.stop([child], [Step(signal.SIGTERM, 0.2), Step(signal.SIGKILL, 5)])
    assert child.returncode == -signal.SIGKILL


def test_each_child_leads_its_own_group_so_that_ctrl_c_passes_it_by(tmp_path: Path) -> None:
    child = children.spawn(SLEEP, env={}, cwd=tmp_path)
    try:
        assert os.getpgid(child.pid) == child.pid
    finally:
        children.stop([child])


def test_a_fallen_program_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start(Program("Worker", SLEEP))
    fallen = child_named(supervisor, "Worker")

    def story() -> Iterator[None]:
        fallen.kill()
        fallen.wait()
        yield
        supervisor.signals.count = 1

    assert supervisor.watch(story()) == 0
    assert child_named(supervisor, "Worker").pid != fallen.pid
    assert child_named(supervisor, "Worker").poll() is None


def test_a_program_that_falls_all_the_time_ends_everything(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lastmile.embedded.supervisor.LOOK_SECONDS", 0.01)
    supervisor.start(Program("Web", [sys.executable, "-S", "-c", "raise SystemExit(7)"]))
    assert supervisor.watch(iter(())) == 1
    said = capsys.readouterr().out
    assert said.count("Web (exit code 7) ended; started again.") == 9
    assert "Stopping" in said


def test_a_stop_ends_every_program(supervisor: Supervisor) -> None:
    for name in ("Web", "Worker", "Beat"):
        supervisor.start(Program(name, SLEEP))
    running = [child for _, child in supervisor.running.values()]
    supervisor.stop()
    assert all(child.returncode == -signal.SIGTERM for child in running)
    assert not supervisor.where.children.exists()


def test_orphans_of_a_killed_supervisor_are_ended(supervisor: Supervisor) -> None:
    orphan = supervisor.start(Program("Worker", SLEEP))
    assert end_orphans(supervisor.where) == 1
    assert not psutil.pid_exists(orphan.pid)
    assert not supervisor.where.children.exists()


def test_a_number_that_another_program_bears_by_now_is_left_alone(supervisor: Supervisor) -> None:
    other = supervisor.start(Program("Worker", SLEEP))
    notes = json.loads(supervisor.where.children.read_text())
    notes[0]["started"] -= 100
    supervisor.where.children.write_text(json.dumps(notes))
    assert end_orphans(supervisor.where) == 0
    assert other.poll() is None


def test_a_broken_list_of_children_stops_nobody(tmp_path: Path) -> None:
    where = places(tmp_path)
    where.children.write_text("[{")
    assert end_orphans(where) == 0


def test_a_second_supervisor_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    where = places(tmp_path)
    with sole_use(where) as note_address:
        note_address("http://127.0.0.1:8003")
        with (
            pytest.raises(AlreadyRunningError, match=rf"pid {os.getpid()}, http://127.0.0.1:8003"),
            sole_use(where),
        ):
            pytest.fail("two held the lock")
    with sole_use(where):
        assert json.loads(where.supervisor_lock.read_text())["pid"] == os.getpid()


def test_an_asked_port_that_is_taken_is_refused_with_advice() -> None:
    with closing(listen(host="127.0.0.1", port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"{port}: Address already in use.*--port"):
            listen(host="127.0.0.1", port=port)


def test_without_an_asked_port_the_next_free_one_is_taken() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        first = taken.getsockname()[1]
        with closing(listen(host="127.0.0.1", port=None, first=first, last=first + 5)) as line:
            assert first < line.getsockname()[1] <= first + 5


def test_signals_are_counted_and_a_waiting_loop_gives_up() -> None:
    signals = Signals()
    signals.tick()
    signals._receive(signal.SIGTERM, None)
    assert signals.stopping
    with pytest.raises(StopAskedError):
        signals.tick()
