"""The journal of erasures as a file: what a restore replays, because a backup is older than it.

One line of JSON for each erasure, with keyed hashes and random ids only. The database holds the
same rows; the file is brought up to date after each erasure and every night.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from organizations.models import Erasure, Organization


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Who was erased where and when; ids as text, names as keyed hashes."""

    organization: str
    person: str
    identities: tuple[str, ...]
    erased_at: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.erased_at)


def read_journal(*, path: Path) -> list[Entry]:
    """The entries of a journal, oldest first; none where there is no file. Raises ValueError."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        return list(_entries(file))


def _entries(lines: Iterable[str]) -> Iterator[Entry]:
    for line in lines:
        # A last line without its end was being written when the power went.
        if line.endswith("\n") and line.strip():
            told = json.loads(line)
            yield Entry(**told | {"identities": tuple(told["identities"])})


def write_journal(*, organization_id: int, path: Path) -> int:
    """Append the erasures of the organization in force that the file lacks. Returns how many.

    On the disk when this returns. Two writers wait for each other.
    """
    stored = Erasure.objects.order_by("erased_at", "pk")
    if not stored.exists():
        return 0
    organization = str(Organization.objects.get(pk=organization_id).public_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # A last line without its end was being written when the power went: it is written anew.
        whole, _, _ = file.read().rpartition(b"\n")
        file.truncate(len(whole) + (1 if whole else 0))
        lines = [f"{line}\n" for line in whole.decode().split("\n")]
        known = {(entry.organization, entry.person) for entry in _entries(lines)}
        missing = [
            Entry(
                organization=organization,
                person=str(row.person_public_id),
                identities=tuple(row.identities),
                erased_at=row.erased_at.isoformat(),
            )
            for row in stored
            if (organization, str(row.person_public_id)) not in known
        ]
        file.write("".join(f"{json.dumps(asdict(entry))}\n" for entry in missing).encode())
        file.flush()
        os.fsync(file.fileno())
    return len(missing)
