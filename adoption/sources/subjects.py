"""Who a row is about: `<kind>:<id>` as the source writes it → kind and comparable id."""

import re

from adoption.sources.rows import SubjectKind
from organizations.sources.fields import LONGEST_EMAIL, Fields, clean, identity, read_email
from organizations.sources.reading import Code, ReadError

ADDRESSES = frozenset({SubjectKind.EMAIL, SubjectKind.UPN})
FOLDED = ADDRESSES | {SubjectKind.LOGIN, SubjectKind.GUID, SubjectKind.CONCEALED}
KINDS = {kind.value: kind for kind in SubjectKind}

_PLAIN_ID = re.compile(r"[!-~]{1,254}")
_PLAIN_ADDRESS = re.compile(r"[!-?A-~]{1,126}@[!-?A-~]{1,127}")
_PLAIN = {
    word: (kind, kind in FOLDED, _PLAIN_ADDRESS if kind in ADDRESSES else _PLAIN_ID)
    for word, kind in KINDS.items()
}


def read_subject(fields: Fields) -> tuple[SubjectKind, str]:
    """The subject of a canonical record, from `subject` or `person`. Raises `ReadError`."""
    text = fields.text("subject")
    person = fields.text("person")
    if text is not None and person is not None:
        raise ReadError(Code.BAD_SUBJECT, "Send subject or person, not both.", field="person")
    if person is not None:
        return SubjectKind.EMAIL, read_email("person", person)
    return split_subject("subject", fields.need("subject", text))


def split_subject(name: str, text: str) -> tuple[SubjectKind, str]:
    """`email:Bo.Chen@acme.test` → (email, bo.chen@acme.test). Raises `ReadError` bad_subject."""
    word, colon, rest = text.partition(":")
    kind = KINDS.get(word)
    if kind is None or not colon or not rest.strip():
        raise ReadError(
            Code.BAD_SUBJECT,
            f"Write it as kind:id, kind one of {', '.join(KINDS)}.",
            field=name,
            value=text,
        )
    return kind, normal_id(name, kind, rest)


def normal_id(name: str, kind: SubjectKind, text: str) -> str:
    """The id as it is compared: addresses, logins and GUIDs folded, other ids exactly as sent."""
    kept = clean(name, text, longest=LONGEST_EMAIL)
    if kind in ADDRESSES:
        return read_email(name, kept)
    if kind not in FOLDED:
        return kept
    folded = identity(kept)
    if len(folded) > LONGEST_EMAIL:
        raise ReadError(Code.TOO_LONG, "At most 254 characters are kept.", field=name)
    return folded


def plain_subject(text: str) -> tuple[SubjectKind, str] | None:
    """`split_subject` for ids in visible ASCII without blanks; None for all others."""
    word, _, rest = text.partition(":")
    found = _PLAIN.get(word)
    if found is None:
        return None
    kind, folded, pattern = found
    if pattern.fullmatch(rest) is None:
        return None
    return kind, rest.lower() if folded else rest
