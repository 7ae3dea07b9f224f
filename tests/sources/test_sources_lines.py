"""Physical lines out of blocks."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.sources.lines import line_lists, lines
from organizations.sources.reading import MAX_LINE_BYTES
from tests.sources.reading import PATIENT


def test_lines_end_at_newlines_only() -> None:
    body = "a\u2028b\x0bc\x0cd\x85e\r\nf\rg\n\nh".encode()
    assert list(lines([body])) == [
        (1, "a\u2028b\x0bc\x0cd\x85e".encode()),
        (2, b"f\rg"),
        (3, b""),
        (4, b"h"),
    ]


def test_a_final_newline_makes_no_extra_line() -> None:
    assert list(lines([b"a\n"])) == list(lines([b"a"])) == [(1, b"a")]
    assert list(lines([])) == list(lines([b""])) == []


def test_the_byte_order_mark_is_taken_off_even_if_it_comes_in_two_blocks() -> None:
    assert list(lines([b"\xef", b"\xbb\xbfa\n\xef\xbb\xbfb"])) == [(1, b"a"), (2, b"\xef\xbb\xbfb")]


@pytest.mark.parametrize(("size", "kept"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"x\n"])
def test_the_limit_of_a_line_is_exact(size: int, kept: bool, end: bytes, before: bytes) -> None:
    body = b"a" * (MAX_LINE_BYTES + size)
    found = [line for _, line in lines([before + body + end])]
    assert found[-1] == (body if kept else None)


def test_a_long_line_costs_only_itself() -> None:
    long = [b"a" * 50_000] * 40
    assert list(lines([b"x\n", *long, b"b\ny\n"])) == [(1, b"x"), (2, None), (3, b"y")]


@PATIENT
@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_where_blocks_are_cut_makes_no_difference(body: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    blocks = [body[a:b] for a, b in pairwise(edges)]
    assert list(lines(blocks)) == list(lines([body]))


def test_lines_are_handed_on_before_the_body_is_complete() -> None:
    taken = 0

    def blocks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b'{"a":1}\n' * 100

    found = line_lists(blocks())
    assert next(found)[0] == 1
    assert taken == 1
