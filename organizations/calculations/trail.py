"""The hash chain of the audit trail."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

GENESIS = "0" * 64


def entry_hash(*, previous: str, entry: Mapping[str, Any]) -> str:
    """SHA-256 over the previous hash and the entry as canonical JSON (sorted keys, no spaces).

    Canonical JSON in the sense of RFC 8785 for the values used here: text, integers, booleans, null
    and lists or objects of them.
    """
    body = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def first_broken(entries: Iterable[tuple[int, str, str, Mapping[str, Any]]]) -> int | None:
    """The sequence number of the first entry that does not follow from the one before it.

    entries: (sequence, previous hash, own hash, entry) in order of sequence. None: all hold.
    """
    previous = GENESIS
    for number, (sequence, stated_previous, own, entry) in enumerate(entries, start=1):
        holds = (
            sequence == number
            and stated_previous == previous
            and own == entry_hash(previous=previous, entry=entry)
        )
        if not holds:
            return sequence
        previous = own
    return None
