"""What is left of somebody who was erased: keyed hashes, which say only "this is one of them"."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import TypeAlias

# (kind, value): an address, a login, an external id, a vendor's id.
Name: TypeAlias = tuple[str, str]
EXTERNAL_ID = "external_id"
TOMBSTONE = "Erased person"
# A user principal name is an address, wherever it comes from.
_SAME_AS = {"upn": "email"}


def erasure_key(*, secret: str) -> bytes:
    """The key of the hashes, so that nobody can try addresses without the installation's secret."""
    return hashlib.sha256(b"erasure|" + secret.encode()).digest()


def identity_hash(*, key: bytes, organization: str, name: Name) -> str:
    """64 hex digits for a name inside one organization. Upper and lower case count as equal."""
    kind, value = name
    text = f"{organization}|{_SAME_AS.get(kind, kind)}|{value.casefold()}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def identity_hashes(*, key: bytes, organization: str, names: Iterable[Name]) -> list[str]:
    """The hashes of several names, each once, in order."""
    return sorted({identity_hash(key=key, organization=organization, name=n) for n in names})


def subject_name(*, source: str, scope: str, kind: str, external_id: str) -> Name:
    """A subject as its own source knows it; the same id in another source is another name."""
    return f"subject|{source}|{scope}|{kind}", external_id
