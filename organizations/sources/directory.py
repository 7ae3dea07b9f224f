"""People of the directory from CSV, JSON, NDJSON or a sheet of a workbook."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from organizations.sources.collecting import Parsed, parse_records
from organizations.sources.fields import LONGEST_EMAIL, Fields, clean, identity, read_email
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import WITH_SHEETS, Columns, media_of

COLUMNS = Columns(
    known=frozenset(
        {
            *("external_id", "email", "name", "department", "job_role", "start", "end"),
            *("leave_from", "leave_to", "aliases", "as_of", "eligible_from", "eligible_to"),
        }
    ),
    required=frozenset({"email", "name"}),
    renamed={"job_title": "job_role"},
    ignored={"manager_email": "manager_email is not read: the directory keeps no managers."},
    sheet="people",
)
TEMPLATE = (
    "external_id,email,name,department,job_role,start,end,leave_from,leave_to,aliases,as_of\n"
    "1002,bo.chen@acme.test,Bo Chen,Operations / Customer service / Phones,Service agent,"
    "2024-03-01,,,,login:bo uid:1002,\n"
)

LONGEST_DEPARTMENT = 120
LONGEST_PATH = 400
MAX_ALIASES = 20
ADDRESS_KINDS = frozenset({"email", "upn"})
FOLDED_KINDS = ADDRESS_KINDS | {"login", "guid", "concealed"}
ALIAS_KINDS = FOLDED_KINDS | {"uid"}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person as stated. Days in `end`, `leave_to` and `eligible_to` are the last ones inside.

    external_id is empty where the sender has none: then the address is the key. department is the
    path from the top. aliases are `kind:id`, folded as usage subjects are.
    """

    line: int
    external_id: str
    email: str
    name: str
    department: tuple[str, ...]
    job_role: str
    start: date | None
    end: date | None
    leave_from: date | None
    leave_to: date | None
    aliases: tuple[str, ...]
    as_of: datetime | None
    eligible_from: date | None
    eligible_to: date | None


def parse_people(blocks: Iterable[bytes], *, content_type: str) -> Iterator[Parsed[PersonRow]]:
    """Yield the body in pieces. Raises `EnvelopeError`."""
    yield from parse_records(
        blocks, media=media_of(content_type, WITH_SHEETS), columns=COLUMNS, read=_read_person
    )


def _read_person(line: int, fields: Fields) -> list[PersonRow]:
    start, end = _span(fields, "start", "end")
    leave_from, leave_to = _span(fields, "leave_from", "leave_to")
    if leave_to is not None and leave_from is None:
        raise ReadError(Code.MISSING_FIELD, "A leave needs its first day.", field="leave_from")
    eligible_from, eligible_to = _span(fields, "eligible_from", "eligible_to")
    return [
        PersonRow(
            line=line,
            external_id=fields.text("external_id", longest=120) or "",
            email=fields.need("email", fields.email("email")),
            name=fields.need("name", fields.text("name", longest=200)),
            department=read_path("department", fields.text("department", longest=LONGEST_PATH)),
            job_role=fields.text("job_role", longest=120) or "",
            start=start,
            end=end,
            leave_from=leave_from,
            leave_to=leave_to,
            aliases=_aliases(fields.text("aliases", longest=4000)),
            as_of=fields.instant("as_of"),
            eligible_from=eligible_from,
            eligible_to=eligible_to,
        )
    ]


def read_path(name: str, text: str | None) -> tuple[str, ...]:
    """`A / B / C` → its names from the top; empty for nothing. Raises `ReadError`."""
    if text is None:
        return ()
    path = tuple(part.strip() for part in text.split("/"))
    if not all(path):
        raise ReadError(
            Code.BAD_KEY,
            "A department path has a name between slashes: Operations / Phones.",
            field=name,
            value=text,
        )
    if max(map(len, path)) > LONGEST_DEPARTMENT:
        raise ReadError(Code.TOO_LONG, "A department's name may have 120 characters.", field=name)
    return path


def _span(fields: Fields, first: str, last: str) -> tuple[date | None, date | None]:
    begin, end = fields.day(first), fields.day(last)
    if begin is not None and end is not None and end < begin:
        raise ReadError(
            Code.BAD_PERIOD, f"It lies before {first}.", field=last, value=end.isoformat()
        )
    return begin, end


def _aliases(text: str | None) -> tuple[str, ...]:
    words = (text or "").split()
    if len(words) > MAX_ALIASES:
        raise ReadError(Code.TOO_LONG, f"A person may have {MAX_ALIASES} aliases.", field="aliases")
    return tuple(dict.fromkeys(read_alias(word) for word in words))


def read_alias(word: str) -> str:
    """`kind:id` as it is compared. Raises `ReadError`.

    >>> read_alias("login:Bo")
    'login:bo'
    """
    kind, _, rest = word.partition(":")
    if kind not in ALIAS_KINDS or not rest:
        raise ReadError(
            Code.BAD_ALIAS,
            f"Write aliases as kind:id with blanks between, kind one of {_KINDS}.",
            field="aliases",
            value=word,
        )
    if kind in ADDRESS_KINDS:
        rest = read_email("aliases", rest)
    elif kind in FOLDED_KINDS:
        rest = identity(rest)
    return f"{kind}:{clean('aliases', rest, longest=LONGEST_EMAIL)}"


_KINDS = ", ".join(sorted(ALIAS_KINDS))
