"""Strict JSON: what the standard library and msgspec let pass is refused."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.sources.reading import BodyCode, Code, EnvelopeError, ReadError
from organizations.sources.strict_json import decode_object, document
from tests.sources.reading import PATIENT


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"a":1,"a":2}', Code.DUPLICATE_KEY),
        (b'{"a":1, "b":"x,y", "a" : 2}', Code.DUPLICATE_KEY),
        (b'{"a":1,"a":"\\u002c"}', Code.DUPLICATE_KEY),
        (b'{"a":"\\u002c","b":1,"b":2}', Code.DUPLICATE_KEY),
        (b'{"a":1,"\\u0061":2}', Code.DUPLICATE_KEY),
        (b'{"a":{"b":1,"b":1}}', Code.DUPLICATE_KEY),
        (b'{"a":[{"b":1,"c":[{"d":{},"d":{}}]}]}', Code.DUPLICATE_KEY),
        (b'{"a":NaN}', Code.NOT_FINITE),
        (b'{"a":-Infinity}', Code.NOT_FINITE),
        (b'{"a":1e400}', Code.NOT_FINITE),
        (b'{"a":1,"b":[1e400]}', Code.NOT_FINITE),
        (b'{"a":1.' + b"0" * 40 + b"}", Code.TOO_LONG),
        (b'{"a":' + b"9" * 5000 + b"}", Code.TOO_LONG),
        (b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", Code.TOO_DEEP),
        (b'{"a":' * 20_000, Code.TOO_DEEP),
        (b"[" * 60_000, Code.TOO_DEEP),
        (b'{"a":"\xff"}', Code.NOT_UTF8),
        ('{"a":1}'.encode("utf-16"), Code.NOT_UTF8),
        (b'{"a":1', Code.BAD_JSON),
        (b'{"a":01}', Code.BAD_JSON),
        (b"{'a':1}", Code.BAD_JSON),
        (b'{"a":1,}', Code.BAD_JSON),
        (b'{"a":1} {"b":2}', Code.BAD_JSON),
        (b'{"a":"\x01"}', Code.BAD_JSON),
        (b'{"a":0x1F}', Code.BAD_JSON),
        (b"[1]", Code.BAD_JSON),
        (b'"a"', Code.BAD_JSON),
        (b"null", Code.BAD_JSON),
        (b"{" + b",".join(b'"f%d":1' % n for n in range(201)) + b"}", Code.TOO_MANY_FIELDS),
    ],
)
def test_what_is_not_plain_json_is_refused(line: bytes, code: Code) -> None:
    with pytest.raises(ReadError) as refused:
        decode_object(line)
    assert refused.value.code is code


def test_a_duplicate_key_is_named() -> None:
    with pytest.raises(ReadError) as refused:
        decode_object(b'{"day":1,"b":2,"day":3}')
    assert refused.value.field == "day"


def test_depth_and_fields_are_taken_up_to_their_limits() -> None:
    assert decode_object(b'{"a":' + b"[" * 31 + b"]" * 31 + b"}")
    assert len(decode_object(json.dumps({f"f{n}": n for n in range(200)}).encode())) == 200
    assert decode_object(b'{"a":[' + b"{}," * 100 + b"{}]}")


def test_numbers_stay_exact() -> None:
    found = decode_object(b'{"a":0.1,"b":1e2,"c":9223372036854775807}')
    assert found == {"a": Decimal("0.1"), "b": Decimal(100), "c": 2**63 - 1}


SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@PATIENT
@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=6), st.booleans())
def test_good_objects_come_through_as_they_are(value: dict[str, object], ascii_only: bool) -> None:
    assert decode_object(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@PATIENT
@given(
    st.lists(st.tuples(st.sampled_from("abcd,"), VALUES), max_size=6),
    st.sampled_from([",", " , ", "\t,"]),
    st.sampled_from([":", " : "]),
)
def test_a_key_that_stands_twice_is_always_found(
    pairs: list[tuple[str, object]], comma: str, colon: str
) -> None:
    members = comma.join(f"{json.dumps(k)}{colon}{json.dumps(v)}" for k, v in pairs)
    line = f"{{{members}}}".encode()
    if len({name for name, _ in pairs}) == len(pairs):
        assert decode_object(line) == dict(pairs)
    else:
        with pytest.raises(ReadError) as refused:
            decode_object(line)
        assert refused.value.code is Code.DUPLICATE_KEY


def test_a_document_is_an_array_or_one_object() -> None:
    assert document([b'\xef\xbb\xbf [ {"a":1},\n{"b":2} ] ']) == [b'{"a":1}', b'{"b":2}']
    assert document([b'{"a":', b"1}\n"]) == [b'{"a":1}']
    assert document([b" \n"]) == document([]) == []
    assert document([b'[{"a":"' + b"x" * 70_000 + b'"}]']) == [None]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'[{"a":1}', BodyCode.BAD_JSON),
        (b'{"a":1', BodyCode.BAD_JSON),
        (b"[" * 100_000, BodyCode.BAD_JSON),
        (b'[{"a":1}] x', BodyCode.BAD_JSON),
        (b'[{"a":1},{"a":NaN}]', BodyCode.BAD_JSON),
        (b'[{"a":1},{"a":"\\ud800"}]', BodyCode.BAD_JSON),
        (b"initiative,subject\n", BodyCode.BAD_JSON),
        (b'{"a":1}\n{"a":2}\n', BodyCode.WRONG_CONTENT_TYPE),
    ],
)
def test_a_document_that_is_none_is_refused_whole(body: bytes, code: BodyCode) -> None:
    with pytest.raises(EnvelopeError) as refused:
        document([body])
    assert refused.value.code == code.value


def test_a_document_may_have_16_mb() -> None:
    block = b" " * (1024 * 1024)
    assert document([block] * 16) == []
    with pytest.raises(EnvelopeError) as refused:
        document([*[block] * 16, b" "])
    assert (refused.value.code, refused.value.status) == ("body_too_large", 413)
