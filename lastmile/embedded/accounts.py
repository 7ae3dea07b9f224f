"""Which operating-system account the servers run as. Only root has to think about it.

PostgreSQL refuses root. An existing account is used if it can reach the folders; else the servers
see themselves as an ordinary user in a user namespace. No account is created, no folder opened.
"""

import ctypes
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lastmile.embedded.errors import EmbeddedError

CLONE_NEWUSER = 0x10000000
NAMESPACE_ID = 65534


@dataclass(frozen=True)
class Account:
    """Who owns the servers' files and runs them."""

    uid: int
    gid: int
    changed: bool = False
    namespace: bool = False

    def own(self, path: Path) -> None:
        """Give a folder and all below it to this account; only root can, and only root has to."""
        if os.getuid() != 0 or not path.exists() or path.lstat().st_uid == self.uid:
            return
        for folder, _, files in os.walk(path):
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
            for name in files:
                os.chown(Path(folder) / name, self.uid, self.gid, follow_symlinks=False)


def choose(*, data: Path, programs: Path) -> Account:
    """The account for servers with these data and program folders.

    Raises EmbeddedError when we are root and neither an account nor a namespace can serve.
    """
    if os.getuid() != 0:
        return Account(os.getuid(), os.getgid())
    for entry in _candidates():
        if _reaches(entry, data) and _reaches(entry, programs):
            return Account(entry.pw_uid, entry.pw_gid, changed=True)
    if namespaces_work():
        return Account(0, 0, namespace=True)
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and no other account can reach {data} and {programs}. "
        "Run this as an ordinary user, or move the checkout out of a closed folder, or name an "
        "account that can enter both in LASTMILE_OS_USER, or set DATABASE_URL and REDIS_URL."
    )


def _candidates() -> Iterator[pwd.struct_passwd]:
    named = os.environ.get("LASTMILE_OS_USER", "")
    for name in (named, os.environ.get("SUDO_USER", ""), "nobody"):
        try:
            entry = pwd.getpwnam(name) if name else None
        except KeyError:
            if name == named:
                raise EmbeddedError(f"LASTMILE_OS_USER={named}: no such account here.") from None
            continue
        if entry and entry.pw_uid != 0:
            yield entry


def _reaches(entry: pwd.struct_passwd, folder: Path) -> bool:
    return all(_may_enter(entry, part.stat()) for part in (folder, *folder.resolve().parents))


def _may_enter(entry: pwd.struct_passwd, found: os.stat_result) -> bool:
    if found.st_uid == entry.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == entry.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def enter_namespace() -> None:
    """Become, in this process only, an ordinary user whose files are root's. For a forked child.

    Raises OSError where the kernel or the container forbids it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NAMESPACE_ID} 0 1")
    Path("/proc/self/gid_map").write_text(f"{NAMESPACE_ID} 0 1")


def namespaces_work() -> bool:
    """Whether a child of ours could enter a user namespace."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        trial = subprocess.run(
            [sys.executable, "-c", "pass"], preexec_fn=enter_namespace, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return trial.returncode == 0
