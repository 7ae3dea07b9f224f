"""Starting and ending child processes so that none outlives us and none dies out of order."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lastmile.embedded.accounts import Account, enter_namespace

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.02

Child = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Step:
    """One rung of a stop: a signal and the seconds granted to it."""

    signal: signal.Signals
    seconds: float


GENTLE = (Step(signal.SIGTERM, 6), Step(signal.SIGQUIT, 3), Step(signal.SIGKILL, 5))
DATABASE = (Step(signal.SIGINT, 20), Step(signal.SIGQUIT, 5), Step(signal.SIGKILL, 5))


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    death: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    output: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start a child in a process group of its own that gets `death` when we die.

    What it prints is appended to `output`, or goes where ours goes. Call from the main thread only:
    the kernel ties the death signal to the thread that forked.
    """
    changed = account is not None and account.changed
    with ExitStack() as stack:
        log = stack.enter_context(output.open("ab")) if output else None
        return subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=tuple(pass_fds),
            # A terminal sends Ctrl-C to its whole group: in ours the database would leave first.
            process_group=0,
            user=account.uid if account and changed else None,
            group=account.gid if account and changed else None,
            extra_groups=[] if changed else None,
            preexec_fn=_before_exec(death, namespace=account is not None and account.namespace),
        )


def _before_exec(death: signal.Signals, *, namespace: bool) -> Callable[[], None]:
    parent = os.getpid()
    # Loaded before the fork: afterwards only system calls are safe.
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None

    def prepare() -> None:
        if namespace:
            enter_namespace()
        if libc is not None:
            # After the change of user, which would clear it.
            libc.prctl(PR_SET_PDEATHSIG, int(death))
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def stop(children: Sequence[Child], ladder: Sequence[Step] = GENTLE) -> None:
    """End children together, in the order given, by ever stronger signals, until all are gone."""
    for step in ladder:
        alive = [child for child in children if child.poll() is None]
        for child in alive:
            _send(child, step.signal)
        if wait_all(alive, seconds=step.seconds):
            break
    for child in children:
        _send_group(child, signal.SIGKILL)


def wait_all(children: Sequence[Child], *, seconds: float) -> bool:
    """Whether all ended within the time."""
    end = time.monotonic() + seconds
    while any(child.poll() is None for child in children):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _send(child: Child, number: signal.Signals) -> None:
    if number is signal.SIGKILL:
        _send_group(child, number)
    else:
        child.send_signal(number)


def _send_group(child: Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        return
