"""What a case of the corpus says: a body, the door it is sent to, and the answer it must get."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

NDJSON, JSON, CSV = "application/x-ndjson", "application/json", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# Words that no answer and no stored refusal may repeat.
SECRETS = (
    "sk-proj-abcdefgh0123",
    "ghp_abcdefghijklmnop",
    "xoxb-1234-abcdefghijk",
    "AKIAABCDEFGH12345678",
    "eyJhbGciOiJIUzI1NiJ9.e30.abc",
)
USAGE = ("initiative", "subject", "day", "surface", "interactions")

Body: TypeAlias = bytes | Callable[[], bytes]
Fault: TypeAlias = tuple[int, str, str]


@dataclass(frozen=True)
class Refused:
    """The body as a whole: an answer of this status and code, and nothing has any effect."""

    status: int
    code: str


@dataclass(frozen=True)
class Rows:
    """Some of its rows, each (line, field, code); `kept` facts or people of the others are taken.

    rejected: facts that the refused rows would have given; as many as rows unless said.
    """

    errors: tuple[Fault, ...]
    kept: int = 0
    rejected: int | None = None


@dataclass(frozen=True)
class Taken:
    """Nothing of it is refused. finds: what must be found afterwards under exactly these names."""

    accepted: int = 1
    duplicate: int = 0
    revised: int = 0
    empty: int = 0
    status: int = 200
    finds: tuple[str, ...] = ()
    warns: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One body. before: the same door is sent this body first, with the same headers and query."""

    name: str
    body: Body
    answer: Refused | Rows | Taken
    door: str = "usage"
    media: str = NDJSON
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    before: bytes | None = None

    @property
    def refusal(self) -> bool:
        return not isinstance(self.answer, Taken)

    def bytes(self) -> bytes:
        return self.body() if callable(self.body) else self.body


def row(**changes: object) -> dict[str, object]:
    """A good usage row, changed."""
    good = ("copilot", "email:bo.chen@acme.test", "2026-11-02", "chat", 11)
    return dict(zip(USAGE, good, strict=True)) | changes


def line(**changes: object) -> bytes:
    return json.dumps(row(**changes)).encode()


def lines(*found: bytes) -> bytes:
    return b"\n".join(found) + b"\n"


def among(bad: bytes) -> bytes:
    """A line between two good ones, as line 2."""
    return lines(line(), bad, line(day="2026-11-03"))


def table(*rows: str, header: str = ",".join(USAGE)) -> bytes:
    return "\n".join([header, *rows, ""]).encode(errors="surrogateescape")


def bad_line(name: str, bad: bytes, code: str, field: str = "") -> Case:
    return Case(name=name, body=among(bad), answer=Rows(((2, field, code),), kept=2))


def bad_value(name: str, field: str, value: object, code: str) -> Case:
    return bad_line(name, line(**{field: value}), code, field)


def bad_cells(name: str, cells: str, code: str, field: str = "") -> Case:
    good = "copilot,uid:1,2026-11-02,chat,1", "copilot,uid:2,2026-11-02,chat,1"
    body = table(good[0], cells, good[1])
    return Case(name=name, body=body, media=CSV, answer=Rows(((3, field, code),), kept=2))


def good_value(name: str, finds: str = "", **changes: object) -> Case:
    found = (finds,) if finds else ()
    return Case(name=name, body=line(**changes), answer=Taken(finds=found))
