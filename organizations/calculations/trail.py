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


def first_broken(
    entries: Iterable[tuple[int, str, str, Mapping[str, Any]]],
    *,
    cut: tuple[int, str] = (0, GENESIS),
    head: tuple[int, str] | None = None,
) -> int | None:
    """The sequence number of the first entry that does not follow from the one before it.

    entries: (sequence, previous hash, own hash, entry) in order of sequence. cut: sequence and hash
    of the entry before the first one. head: those of the entry that must be the last; where the end
    is missing, the number of the first missing entry is returned. None: all hold.
    """
    number, previous = cut
    for sequence, stated_previous, own, entry in entries:
        holds = (
            sequence == number + 1
            and stated_previous == previous
            and own == entry_hash(previous=previous, entry=entry)
        )
        if not holds:
            # Entries are missing before this one: the first of them is where the chain breaks.
            return min(sequence, number + 1)
        number, previous = sequence, own
    if head is None or (number, previous) == head:
        return None
    return number + 1 if number < head[0] else number
