"""Bodies that are wrong, or odd and right, before a single row of them is read."""

import gzip
from io import BytesIO

from tests.corpus.case import CSV, JSON, NDJSON, SECRETS, XLSX, Case, Refused, Rows, Taken, line
from tests.corpus.case import lines as body_of

BOM = b"\xef\xbb\xbf"
MEGABYTE = 1024 * 1024


def _asked(name: str, query: str, answer: Refused | Rows | Taken) -> Case:
    return Case(name=f"query: {name}", body=line(), query=query, answer=answer)


def _form(name: str, media: str, answer: Refused | Taken, body: bytes = line()) -> Case:
    return Case(name=f"form: {name}", body=body, media=media, answer=answer)


def _packed(name: str, body: bytes, answer: Refused | Taken, **headers: str) -> Case:
    return Case(
        name=f"gzip: {name}",
        body=body,
        answer=answer,
        headers={"Content-Encoding": headers.get("encoding", "gzip")},
    )


def _keyed(name: str, key: str, answer: Refused | Taken, before: bytes | None = None) -> Case:
    return Case(
        name=f"idempotency: {name}",
        body=line(),
        answer=answer,
        headers={"Idempotency-Key": key},
        before=before,
    )


def _with_name(body: bytes) -> bytes:
    """As gzip writes it that was called with a file."""
    packed = BytesIO()
    with gzip.GzipFile("usage.ndjson", "wb", fileobj=packed) as file:
        file.write(body)
    return packed.getvalue()


FORMS = [
    _form("no content type", "", Refused(415, "unsupported_media_type")),
    _form("xml", "application/xml", Refused(415, "unsupported_media_type")),
    _form("a form", "application/x-www-form-urlencoded", Refused(415, "unsupported_media_type")),
    _form("multipart", "multipart/form-data; boundary=x", Refused(415, "unsupported_media_type")),
    Case(
        name="form: a workbook for a report of rows",
        body=b"PK\x03\x04",
        media=XLSX,
        query="source=cursor&initiative=copilot",
        answer=Refused(415, "unsupported_media_type"),
    ),
    _form("latin-1", "text/csv; charset=iso-8859-1", Refused(415, "unsupported_media_type")),
    _form("utf-16", f"{NDJSON}; charset=utf-16", Refused(415, "unsupported_media_type")),
    _form("a secret as form", f"text/{SECRETS[0]}", Refused(415, "unsupported_media_type")),
    _form("utf-8 is said", f"{NDJSON}; charset=UTF-8", Taken()),
    _form("utf-8 is said in quotes", f'{NDJSON}; charset="utf-8"', Taken()),
    _form("capitals", "Application/X-NDJSON", Taken()),
    _form(
        "rows per line as a document",
        JSON,
        Refused(415, "wrong_content_type"),
        body_of(line(), line()),
    ),
    _form(
        "an array as rows per line",
        NDJSON,
        Refused(415, "wrong_content_type"),
        b"[" + line() + b"]",
    ),
    _form("an indented object as rows", NDJSON, Refused(415, "wrong_content_type"), b'{\n"day":1}'),
    _form("rows per line as a table", CSV, Refused(415, "wrong_content_type")),
    _form("an array as a table", CSV, Refused(415, "wrong_content_type"), b"[" + line() + b"]"),
    _form("a table as a document", JSON, Refused(400, "bad_json"), b"initiative,subject\na,b\n"),
    _form("one object as a document", JSON, Taken()),
    _form("nothing as rows", NDJSON, Taken(accepted=0), b""),
    _form("nothing as a document", JSON, Taken(accepted=0), b""),
    _form("nothing as a table", CSV, Taken(accepted=0), b""),
    _form("an empty array", JSON, Taken(accepted=0), b"[]"),
    _form("blank lines", NDJSON, Taken(accepted=0, empty=3), b"\n \r\n\t\n"),
    _form("a mark and nothing", NDJSON, Taken(accepted=0, empty=1), BOM),
    _form("a mark before rows", NDJSON, Taken(), BOM + line()),
    _form("a mark before a document", JSON, Taken(), BOM + b"[" + line() + b"]"),
    _form("no newline at the end", NDJSON, Taken(), line()),
    _form("two newlines at the end", NDJSON, Taken(empty=1), line() + b"\n\n"),
]

DOCUMENTS = [
    _form("100,000 brackets", JSON, Refused(400, "bad_json"), b"[" * 100_000),
    _form("100,000 braces", JSON, Refused(400, "bad_json"), b'{"a":' * 100_000),
    _form("something behind it", JSON, Refused(400, "bad_json"), b"[" + line() + b"] x"),
    _form("cut short", JSON, Refused(400, "bad_json"), b"[" + line()),
    _form("a comma too many", JSON, Refused(400, "bad_json"), b"[" + line() + b",]"),
    _form("NaN", JSON, Refused(400, "bad_json"), b'[{"day": NaN}]'),
    _form(
        "utf-16 without saying so", JSON, Refused(400, "bad_json"), line().decode().encode("utf-16")
    ),
    _form("half a surrogate pair", JSON, Refused(400, "bad_json"), b'[{"day": "\\ud800"}]'),
    Case(
        name="form: a document above 16 MB",
        media=JSON,
        body=lambda: b"[" + b" " * (16 * MEGABYTE) + b"]",
        answer=Refused(413, "too_large"),
    ),
]

PACKED = [
    Case(
        name="gzip: packed twice",
        media=JSON,
        body=gzip.compress(gzip.compress(line())),
        headers={"Content-Encoding": "gzip"},
        answer=Refused(400, "bad_json"),
    ),
    _packed("plain", gzip.compress(line()), Taken()),
    _packed("a file's name inside", _with_name(line()), Taken()),
    _packed("capitals", gzip.compress(line()), Taken(), encoding="GZIP"),
    _packed("identity", line(), Taken(), encoding="identity"),
    _packed("not packed", line(), Refused(400, "bad_envelope")),
    _packed("nothing", b"", Refused(400, "bad_envelope")),
    _packed("cut short", gzip.compress(line())[:-4], Refused(400, "bad_envelope")),
    _packed("a wrong sum", gzip.compress(line())[:-8] + b"\0" * 8, Refused(400, "bad_envelope")),
    _packed("something behind it", gzip.compress(line()) + b"x", Refused(400, "bad_envelope")),
    _packed("two of them", gzip.compress(line()) * 2, Refused(400, "bad_envelope")),
    _packed("a bomb", gzip.compress(b" " * (4 * MEGABYTE)), Refused(413, "too_large")),
    _packed("deflate", line(), Refused(415, "unsupported_media_type"), encoding="deflate"),
    _packed("brotli", line(), Refused(415, "unsupported_media_type"), encoding="br"),
    _packed("two layers", line(), Refused(415, "unsupported_media_type"), encoding="gzip, gzip"),
]

ASKED = [
    _asked("no such source", "source=nobody", Refused(400, "bad_envelope")),
    _asked("a secret as source", f"source={SECRETS[0]}", Refused(400, "bad_envelope")),
    _asked("a long source", f"source={'x' * 4000}", Refused(400, "bad_envelope")),
    _asked("a source of another case", "source=Canonical", Refused(400, "bad_envelope")),
    _asked("strict perhaps", "strict=perhaps", Refused(400, "bad_envelope")),
    _asked("strict as a number", "strict=1", Refused(400, "bad_envelope")),
    _asked("strict in capitals", "strict=TRUE", Taken()),
    _asked("an instant without offset", "as_of=2026-11-03T03:00:00", Refused(400, "bad_envelope")),
    _asked("an instant that is none", "as_of=yesterday", Refused(400, "bad_envelope")),
    _asked(
        "a plus that became a blank",
        "as_of=2026-11-03T03:00:00+01:00",
        Refused(400, "bad_envelope"),
    ),
    _asked("an instant", "as_of=2026-11-03T03:00:00%2B01:00", Taken()),
    _asked("an instant in 40 hours", "as_of=2026-11-23T01:00:00Z", Refused(400, "bad_envelope")),
    _asked("an instant of 2014", "as_of=2014-12-31T23:59:59Z", Refused(400, "bad_envelope")),
    _asked("a day that is none", "day=2026-02-30", Refused(400, "bad_envelope")),
    _asked("a part of nothing", "part=1", Refused(400, "bad_envelope")),
    _asked("a slice of a name with a blank", "slice_id=a%20b&part=1", Refused(400, "bad_envelope")),
    Case(
        name="query: a full slice of people",
        door="people",
        body=b'{"email": "ana@acme.test", "name": "Ana"}',
        query="full=true",
        answer=Refused(400, "bad_envelope"),
    ),
    _asked("what nobody knows", "colour=red", Taken()),
    _asked("names of the database", "kind__in=x&organization_id=1&api_key=2", Taken()),
    _asked("NUL in a name of ours", "initiative=a%00b", Refused(400, "bad_envelope")),
    _asked("NUL in a source", "source=a%00b", Refused(400, "bad_envelope")),
    _asked("bytes that are no text", "source=%ff%fe", Refused(400, "bad_envelope")),
    _asked("a long initiative", f"initiative={'x' * 200}", Refused(400, "bad_envelope")),
    _asked(
        "two thousand parameters",
        "&".join(f"a{n}=1" for n in range(2000)),
        Refused(400, "bad_envelope"),
    ),
    _asked(
        "a key in the address", f"token=lm_{'a' * 10}_{'b' * 43}", Refused(400, "key_in_address")
    ),
    _asked("an initiative the row overrules", "initiative=nowhere", Taken()),
    _asked("a direction turned round", "source=%E2%80%AEgnp", Refused(400, "bad_envelope")),
]

KEYED = [
    _keyed("a key", "night-1", Taken()),
    _keyed("the same again", "night-1", Taken(), before=line()),
    _keyed(
        "another body",
        "night-1",
        Refused(422, "idempotency_key_reused"),
        before=line(interactions=9),
    ),
    _keyed("255 characters", "k" * 255, Taken()),
    _keyed("256 characters", "k" * 256, Refused(400, "bad_envelope")),
    _keyed("a blank inside", "night 1", Refused(400, "bad_envelope")),
    _keyed("nothing in it", "", Refused(400, "bad_envelope")),
    _keyed("beyond ASCII", "n\u00e4cht", Refused(400, "bad_envelope")),
    Case(
        name="idempotency: no key, the newest body again",
        body=line(),
        before=line(),
        answer=Taken(),
    ),
    Case(
        name="idempotency: no key, one byte more",
        body=line() + b"\n",
        before=line(),
        answer=Taken(accepted=0, duplicate=1),
    ),
    Case(
        name="idempotency: a later statement",
        body=line(interactions=12),
        before=line(),
        answer=Taken(accepted=0, revised=1),
    ),
    Case(
        name="strict: one bad row refuses all",
        body=body_of(line(), b"{"),
        query="strict=true",
        answer=Refused(422, "strict_mode"),
    ),
    Case(
        name="strict: good rows only",
        body=line(),
        query="strict=true",
        answer=Taken(),
    ),
]

CASES = [*FORMS, *DOCUMENTS, *PACKED, *ASKED, *KEYED]
