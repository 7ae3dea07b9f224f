"""Names like the one about to be registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.calculations.similarity import similar

REGISTER = [
    ("support-replies", "Support replies"),
    ("invoice-matching", "Invoice matching"),
    ("supplier-replies", "Supplier reply drafts"),
]


def test_the_most_alike_comes_first_and_strangers_are_left_out():
    found = similar(name="Support reply drafts", initiatives=REGISTER)
    assert [one.key for one in found] == ["supplier-replies", "support-replies"]
    assert found[0].share > found[1].share >= 0.3


@pytest.mark.parametrize("name", ["SUPPORT REPLIES", "Süpport réplies", "replies, support"])
def test_case_accents_and_order_of_words_make_no_difference(name):
    assert similar(name=name, initiatives=REGISTER)[0].share == 1.0


def test_the_share_is_that_of_pg_trgm():
    # similarity('word', 'two words') is 4 shared of 11 trigrams, as PostgreSQL's manual prints it.
    [found] = similar(name="word", initiatives=[("x", "two words")])
    assert round(found.share, 6) == 0.363636


@given(st.text(max_size=40))
def test_any_name_is_like_itself_or_like_nothing(name):
    shares = [one.share for one in similar(name=name, initiatives=[("own", name)])]
    assert shares in ([1.0], [])
