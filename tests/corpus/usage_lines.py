"""Usage rows as JSON: what must not count, and what looks wrong and is right."""

import json

from tests.corpus.case import (
    JSON,
    SECRETS,
    Case,
    Rows,
    Taken,
    among,
    bad_line,
    bad_value,
    good_value,
    line,
    lines,
)

LIMIT = 64 * 1024
WEEK = {"day": None, "grain": "week", "period_start": "2026-11-02", "period_end": "2026-11-09"}


def _of_length(size: int) -> bytes:
    """A good row of exactly so many bytes."""
    short = line(subject="uid:1")
    return short + b" " * (size - len(short))


def _with(more: bytes) -> bytes:
    """A good row with more members, undecoded."""
    return line()[:-1] + b"," + more + b"}"


def _bad_period(name: str, code: str, field: str, **changes: object) -> Case:
    return bad_line(f"period: {name}", line(**(WEEK | changes)), code, field)


SHAPES = [
    bad_line("json: no JSON", b"not json", "bad_json"),
    bad_line("json: cut short", line()[:-1], "bad_json"),
    bad_line("json: something behind it", line() + b" trailing", "bad_json"),
    bad_line("json: two rows on a line", line() + line(), "bad_json"),
    bad_line("json: single quotes", b"{'day': 1}", "bad_json"),
    bad_line("json: a comma at the end", _with(b"")[:-1] + b"}", "bad_json"),
    bad_line("json: 007", _with(b'"sessions":007'), "bad_json"),
    bad_line("json: hexadecimal", _with(b'"sessions":0x1F'), "bad_json"),
    bad_line("json: a number", b"7", "bad_json"),
    bad_line("json: a text", b'"row"', "bad_json"),
    bad_line("json: null", b"null", "bad_json"),
    bad_line("json: an array", b"[1, 2]", "bad_json"),
    bad_line("json: a comment", line() + b" // so", "bad_json"),
    bad_line("json: NaN", _with(b'"sessions":NaN'), "not_finite"),
    bad_line("json: Infinity", _with(b'"sessions":Infinity'), "not_finite"),
    bad_line("json: -Infinity deep inside", _with(b'"x":{"y":[-Infinity]}'), "not_finite"),
    bad_line("json: 1e400", _with(b'"cost_estimate":1e400'), "not_finite"),
    bad_line("json: 1e-400", _with(b'"cost_estimate":1e-400'), "not_finite"),
    bad_line("json: a key twice", _with(b'"interactions":12'), "duplicate_key", "interactions"),
    bad_line(
        "json: a key twice, once escaped",
        _with(b'"d\\u0061y":"2026-11-04"'),
        "duplicate_key",
        "day",
    ),
    bad_line("json: a key twice inside", _with(b'"x":{"a":1,"a":1}'), "duplicate_key", "a"),
    bad_line(
        "json: a secret as key, twice",
        _with(b'"%b":1,"%b":2' % ((SECRETS[1].encode(),) * 2)),
        "duplicate_key",
        "(hidden)",
    ),
    bad_line("json: 40 deep", _with(b'"x":' + b"[" * 40 + b"]" * 40), "too_deep"),
    bad_line("json: 30,000 brackets", _with(b'"x":')[:-1] + b"[" * 30_000, "too_deep"),
    bad_line("json: 201 fields", line(**{f"f{n}": n for n in range(196)}), "too_many_fields"),
    bad_line("json: 64 kB and one byte", _of_length(LIMIT + 1), "too_long"),
    bad_line(
        "json: a digit too many", _with(b'"sessions":' + b"9" * 41), "out_of_range", "sessions"
    ),
    bad_line("json: 5,000 digits", _with(b'"sessions":' + b"9" * 5000), "too_long"),
    bad_line("json: bytes that are no UTF-8", line(scope="?").replace(b"?", b"\xff"), "not_utf8"),
    bad_line("json: an overlong NUL", line(scope="?").replace(b"?", b"\xc0\x80"), "not_utf8"),
    bad_line("json: a raw tab in a text", line(scope="?").replace(b"?", b"\t"), "bad_json"),
    bad_line("json: a raw NUL", b"\x00", "bad_json"),
    bad_line("json: a second byte order mark", b"\xef\xbb\xbf" + line(), "bad_json"),
]

VALUES = [
    bad_value("subject: no kind", "subject", "bo.chen@acme.test", "bad_subject"),
    bad_value("subject: a kind of our own", "subject", "boss:bo", "bad_subject"),
    bad_value("subject: nothing behind the kind", "subject", "uid: ", "bad_subject"),
    bad_value("subject: a number", "subject", 1002, "bad_type"),
    bad_value("subject: a list", "subject", ["uid:1"], "bad_type"),
    bad_value("subject: NUL", "subject", "uid:1\x00", "control_character"),
    bad_value("subject: turned round", "subject", "login:\u202egnp.bo", "control_character"),
    bad_value("subject: an isolate", "subject", "login:a\u2066b", "control_character"),
    bad_value("subject: U+2028", "subject", "uid:a\u2028b", "control_character"),
    bad_value("subject: half a surrogate pair", "subject", "uid:\ud800", "control_character"),
    bad_value("subject: two @", "subject", "email:a@b@acme.test", "bad_email"),
    bad_value("subject: 255 characters", "subject", "uid:" + "9" * 255, "too_long"),
    bad_value("subject: a secret", "subject", f"key {SECRETS[0]}", "bad_subject"),
    bad_value("subject: a token", "subject", f"Bearer {SECRETS[4]}", "bad_subject"),
    bad_value("person and subject", "person", "ana@acme.test", "bad_subject"),
    bad_value("organization: another", "organization", "twin", "other_organization"),
    bad_value("initiative: unknown", "initiative", "copilot-v2", "unknown_initiative"),
    bad_value("initiative: a look-alike", "initiative", "c\u043epilot", "unknown_initiative"),
    bad_value("initiative: a secret", "initiative", SECRETS[2], "unknown_initiative"),
    bad_value("initiative: a path", "initiative", "../../etc/passwd", "unknown_initiative"),
    bad_value("source: a log that adds", "source", "bedrock", "mixed_statement"),
    bad_value("source: 61 characters", "source", "x" * 61, "too_long"),
    bad_value("surface: unknown", "surface", "browser", "unknown_surface"),
    bad_value("surface: capitals", "surface", "Chat", "unknown_surface"),
    bad_value("count: a text", "interactions", "11", "bad_type"),
    bad_value("count: a fraction", "interactions", 1.5, "bad_type"),
    bad_value("count: 11.0", "interactions", 11.0, "bad_type"),
    bad_value("count: true", "interactions", True, "bad_type"),
    bad_value("count: below 0", "interactions", -1, "negative"),
    bad_value("count: 2^63", "interactions", 2**63, "out_of_range"),
    bad_value("count: an object", "interactions", {"$gt": 0}, "bad_type"),
    bad_value("flag: 1", "active", 1, "bad_type"),
    bad_value("flag: yes", "active", "yes", "bad_type"),
    bad_value("amount: 1_000", "minutes_claimed", "1_000", "bad_type"),
    bad_value("amount: full-width digits", "minutes_claimed", "\uff11\uff12", "bad_type"),
    bad_value("amount: a decimal comma", "cost_estimate", "1,50", "bad_type"),
    bad_value("amount: an exponent", "cost_estimate", "1e3", "bad_type"),
    bad_value("amount: a formula", "cost_estimate", "=1+1", "bad_type"),
    bad_value("amount: NaN as text", "cost_estimate", "NaN", "not_finite"),
    bad_value("amount: below 0", "cost_estimate", -0.01, "negative"),
    bad_value("amount: a trillion", "cost_estimate", 10**12, "out_of_range"),
    bad_value("minutes: a billion", "minutes_claimed", 10**9, "out_of_range"),
    bad_value("currency: a word", "currency", "euro", "bad_currency"),
    bad_value("scope: 121 characters", "scope", "x" * 121, "too_long"),
    bad_value("external id: 201 characters", "external_id", "x" * 201, "too_long"),
    bad_value("day: none", "day", None, "missing_field"),
    bad_value("day: 2014-12-31", "day", "2014-12-31", "before_2015"),
    bad_value("day: in three days", "day", "2026-11-24", "time_in_future"),
    bad_value("day: year 9999", "day", "9999-12-31", "time_in_future"),
    bad_value("day: year 0", "day", "0000-01-01", "bad_date"),
    bad_value("day: 30 February", "day", "2026-02-30", "bad_date"),
    bad_value("day: day before month", "day", "02.11.2026", "bad_date"),
    bad_value("day: a week", "day", "2026-W45-1", "bad_date"),
    bad_value("day: full-width digits", "day", "\uff12\uff10\uff12\uff16-11-02", "bad_date"),
    bad_value("day: a number", "day", 20261102, "bad_type"),
    bad_value("as of: no offset", "as_of", "2026-11-03T03:00:00", "offset_missing"),
    bad_value("as of: 37 hours ahead", "as_of", "2026-11-22T22:00:00Z", "time_in_future"),
    bad_value("as of: 2014", "as_of", "2014-12-31T23:59:59Z", "before_2015"),
    bad_value("as of: year 1 west of Greenwich", "as_of", "0001-01-01T00:00:00+10:00", "bad_date"),
    bad_value("as of: a leap second", "as_of", "2026-06-30T23:59:60Z", "bad_date"),
    bad_value("as of: an offset of 99 hours", "as_of", "2026-11-03T03:00:00+99:00", "bad_date"),
    bad_value("as of: epoch seconds", "as_of", 1793664000, "bad_type"),
    bad_value("days of activity: two in one day", "active_days", 2, "out_of_range"),
    _bad_period("eight days of activity in a week", "out_of_range", "active_days", active_days=8),
    _bad_period(
        "a week from Tuesday",
        "bad_period",
        "period_start",
        period_start="2026-11-03",
        period_end="2026-11-10",
    ),
    _bad_period("six days", "bad_period", "period_start", period_end="2026-11-08"),
    _bad_period("it ends before it begins", "bad_period", "period_start", period_end="2026-10-26"),
    _bad_period(
        "up to year 9999", "bad_period", "period_start", grain="cycle", period_end="9999-12-31"
    ),
    _bad_period("a fortnight", "unknown_grain", "grain", grain="fortnight"),
    _bad_period("a day beside it", "bad_period", "period_start", day="2026-11-02"),
]

NEIGHBOURS = [
    Case(
        name="rows: two that contradict each other",
        body=lines(line(), line(interactions=12), line(day="2026-11-03")),
        answer=Rows(
            ((1, "subject", "conflicting_rows"), (2, "subject", "conflicting_rows")), kept=1
        ),
    ),
    Case(
        name="rows: a bad one in an array is told by its place",
        media=JSON,
        body=b"[\n\n" + line() + b",\n\n" + line(day="x") + b"]",
        answer=Rows(((2, "day", "bad_date"),), kept=1),
    ),
    Case(
        name="rows: a line of 2 MB",
        body=among(line(x="x" * 2_000_000)),
        answer=Rows(((2, "", "too_long"),), kept=2),
    ),
]

TAKEN = [
    good_value("taken: 64 kB and not one byte more", "uid:007", subject="uid:007"),
    Case(
        name="taken: a line of exactly 64 kB",
        body=_of_length(LIMIT),
        answer=Taken(finds=("uid:1",)),
    ),
    Case(
        name="taken: CRLF",
        body=line() + b"\r\n" + line(day="2026-11-03") + b"\r\n",
        answer=Taken(2),
    ),
    Case(
        name="taken: 200 fields",
        body=line(**{f"f{n}": n for n in range(195)}),
        answer=Taken(warns="f0"),
    ),
    Case(
        name="taken: 32 deep", body=_with(b'"x":' + b"[" * 31 + b"]" * 31), answer=Taken(warns="x")
    ),
    Case(
        name="taken: commas and braces in a text", body=line(scope='a,b{"c"}[1],'), answer=Taken()
    ),
    Case(
        name="taken: U+2028 between members",
        body=line(subject="uid:\u00e9").replace(b", ", b" , "),
        answer=Taken(finds=("uid:\u00e9",)),
    ),
    Case(
        name="taken: the same row twice",
        body=lines(line(), line()),
        answer=Taken(1, duplicate=1),
    ),
    Case(
        name="taken: the row of another key order",
        body=lines(line(), json.dumps(dict(reversed(json.loads(line()).items()))).encode()),
        answer=Taken(1, duplicate=1),
    ),
    good_value("taken: NA is a name", "uid:NA", subject="uid:NA"),
    good_value("taken: null is a name", "login:null", subject="login:null"),
    good_value("taken: 1e5 is an id", "uid:1e5", subject="uid:1e5"),
    good_value(
        "taken: capitals of an address",
        "email:bo.chen@acme.test",
        subject="email:Bo.Chen@ACME.test",
    ),
    good_value(
        "taken: full-width letters of an address",
        "email:bo.chen@acme.test",
        subject="email:\uff42\uff4f.chen@acme.test",
    ),
    good_value(
        "taken: a Cyrillic look-alike stays somebody else",
        "email:b\u043e.chen@acme.test",
        subject="email:b\u043e.chen@acme.test",
    ),
    good_value("taken: sharp s", "email:strasse@acme.test", subject="email:stra\u00dfe@acme.test"),
    good_value("taken: a quote and a percent sign", "uid:o'hara %s", subject="uid:o'hara %s"),
    good_value(
        "taken: markup", "uid:<script>alert(1)</script>", subject="uid:<script>alert(1)</script>"
    ),
    good_value(
        "taken: an emoji",
        "uid:\U0001f469\u200d\U0001f4bb",
        subject="uid:\U0001f469\u200d\U0001f4bb",
    ),
    good_value("taken: 254 characters", "uid:" + "9" * 254, subject="uid:" + "9" * 254),
    good_value("taken: 2^63 - 1", interactions=2**63 - 1),
    good_value("taken: nothing asked", interactions=0),
    good_value("taken: today", "2026-11-21", day="2026-11-21"),
    good_value("taken: tomorrow, where it begins earlier", "2026-11-22", day="2026-11-22"),
    good_value("taken: the first day of all", "2015-01-01", day="2015-01-01"),
    good_value("taken: a leap day", "2024-02-29", day="2024-02-29"),
    good_value("taken: the day of 25 hours", "2026-10-25", day="2026-10-25"),
    good_value("taken: the day of 23 hours", "2026-03-29", day="2026-03-29"),
    good_value("taken: as of an hour that came twice", as_of="2026-10-25T02:30:00+01:00"),
    good_value("taken: as of 35 hours ahead", as_of="2026-11-22T20:00:00Z"),
    good_value("taken: nanoseconds", as_of="2026-11-03T03:00:00.123456789Z"),
    good_value(
        "taken: an amount as number and a millionth", cost_estimate=0.000001, currency="EUR"
    ),
    good_value("taken: an amount as text", cost_estimate="0.123456"),
]

CASES = [*SHAPES, *VALUES, *NEIGHBOURS, *TAKEN]
