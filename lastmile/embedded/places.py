"""Where the embedded services live. Path arithmetic from the data folder alone.

A second terminal computes the same addresses, so `manage.py shell` finds the running servers.
"""

import contextlib
import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lastmile.embedded.errors import EmbeddedError

DATABASE = "lastmile"
OWNER = "lastmile"
POSTGRES_PORT = 5432

# A socket's address holds 107 bytes on Linux, 103 on macOS; the longest name in the folder has 20.
LONGEST_RUN_FOLDER = 80
# PostgreSQL splits unix_socket_directories at commas; URLs and shells have opinions on the others.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
SHARED_TEMPORARY = Path("/tmp")  # noqa: S108 - the folder inside it is 0700 and checked for its owner


@dataclass(frozen=True)
class Addresses:
    """What Django and Celery connect to."""

    database_url: str
    broker_url: str
    cache_url: str


@dataclass(frozen=True)
class Places:
    """Every path that the servers and the supervisor use, derived from one data folder."""

    data: Path
    run: Path

    @property
    def cluster(self) -> Path:
        return self.data / "pg"

    @property
    def broker_socket(self) -> Path:
        return self.run / "valkey.sock"

    @property
    def postgres_lock(self) -> Path:
        return self.run / f".s.PGSQL.{POSTGRES_PORT}.lock"

    @property
    def supervisor_lock(self) -> Path:
        return self.data / "up.lock"

    @property
    def server_output(self) -> Path:
        return self.data / "services.log"

    @property
    def children(self) -> Path:
        return self.data / "children"

    def database_url(self, name: str = DATABASE) -> str:
        return f"postgres://{OWNER}@/{name}?host={quote(str(self.run), safe='/')}"


def places(data: Path) -> Places:
    """The paths of one data folder; nothing is created."""
    data = data.resolve()
    return Places(data=data, run=_run_folder(data))


def addresses(data: Path) -> Addresses:
    """The addresses of the embedded servers of a data folder, running or not."""
    where = places(data)
    socket = quote(str(where.broker_socket), safe="/")
    return Addresses(
        database_url=where.database_url(),
        broker_url=f"redis+socket://{socket}?virtual_host=0",
        cache_url=f"unix://{socket}?db=1",
    )


def _run_folder(data: Path) -> Path:
    inside = data / "run"
    path = str(inside)
    if len(os.fsencode(path)) <= LONGEST_RUN_FOLDER and PLAIN_PATH.fullmatch(path):
        return inside
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return SHARED_TEMPORARY / f"lastmile-{os.getuid()}-{digest}"


def make_data_folder(data: Path) -> None:
    """Create the data folder. Root's lets other accounts pass, so that one can run the servers."""
    if not data.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o711 if os.getuid() == 0 else 0o700)


def make_run_folder(folder: Path, *, owners: frozenset[int]) -> None:
    """Create the folder of the sockets, 0700.

    Raises EmbeddedError when something that is not a folder of `owners` already lies there: in a
    shared temporary folder anybody could have planted it.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise EmbeddedError(f"{folder} belongs to somebody else. Remove it, or set LASTMILE_DATA.")
    folder.chmod(0o700)


def secret_key(data: Path) -> str:
    """The key of this installation, created once in the data folder, readable by its owner only."""
    path = data / "secret.key"
    if not path.exists():
        make_data_folder(data)
        draft = data / f".secret.key.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(file.fileno())
        # Two processes may start at once: a link, unlike a rename, never replaces the winner's key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
