"""Who a row means: external id first, then the address; contradictions are refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.calculations.identities import Doubt, Holders, identify
from organizations.calculations.people import Statement, aliases_of

DAY = date(2026, 10, 1)
NOBODY = Holders(external_ids={}, aliases={}, provisional=frozenset())
BO = Holders(
    external_ids={"1002": 7},
    aliases={("email", "bo@acme.test"): 7, ("login", "bo"): 7},
    provisional=frozenset(),
)
BO_WITHOUT_ID = Holders(
    external_ids={"bo@acme.test": 7},
    aliases={("email", "bo@acme.test"): 7},
    provisional=frozenset({7}),
)


def row(line: int = 2, external_id: str = "", email: str = "bo@acme.test", **more) -> Statement:
    written = more.pop("written", ())
    return Statement(
        line=line,
        day=more.pop("day", DAY),
        external_id=external_id,
        name=more.pop("name", "Bo"),
        email=email,
        aliases=aliases_of(email=email, written=written),
        **more,
    )


@pytest.mark.parametrize(
    ("said", "holders", "key"),
    [
        (row(external_id="1002", email="new@acme.test"), BO, 7),
        (row(), BO, 7),
        (row(external_id="1002"), BO_WITHOUT_ID, 7),
        (row(), NOBODY, "bo@acme.test"),
        (row(external_id="1002"), NOBODY, "1002"),
    ],
    ids=["id wins", "address", "first id of somebody known", "new by address", "new by id"],
)
def test_a_row_finds_its_person(said, holders, key):
    found = identify(said=[said], holders=holders)
    assert (list(found.people), found.doubts) == ([key], [])


@pytest.mark.parametrize(
    "said",
    [
        row(external_id="9"),
        row(external_id="9", email="ann@acme.test", written=("login:bo",)),
        row(email="ann@acme.test", written=("login:bo",)),
    ],
)
def test_a_name_of_somebody_else_is_taken(said):
    found = identify(said=[said], holders=BO)
    assert (dict(found.people), found.doubts) == ({}, [(said, Doubt.TAKEN)])


def test_a_refused_claim_does_not_harm_the_one_who_holds_the_name():
    own, thief = row(external_id="1002"), row(line=3, external_id="9")
    found = identify(said=[own, thief], holders=BO)
    assert dict(found.people) == {7: [own]}
    assert found.doubts == [(thief, Doubt.TAKEN)]


def test_two_ids_for_somebody_who_has_none_contradict_each_other():
    rows = [row(external_id="1"), row(line=3, external_id="2", day=date(2026, 10, 2))]
    found = identify(said=rows, holders=BO_WITHOUT_ID)
    assert [doubt for _, doubt in found.doubts] == [Doubt.CONTRADICTION] * 2


def test_several_leaves_of_one_person_are_no_contradiction():
    rows = [row(leave_from=date(2026, 5, 1)), row(line=3, leave_from=date(2026, 8, 1))]
    assert identify(said=rows, holders=NOBODY).people == {"bo@acme.test": rows}


people = st.builds(
    row,
    line=st.integers(2, 50),
    external_id=st.sampled_from(["", "1", "2", "1002"]),
    email=st.sampled_from(["bo@acme.test", "ann@acme.test"]),
    name=st.sampled_from(["Bo", "Ann"]),
    written=st.sampled_from([(), ("login:bo",), ("login:x",)]),
)


@given(st.lists(people, max_size=8), st.sampled_from([NOBODY, BO, BO_WITHOUT_ID]), st.randoms())
def test_no_row_is_lost_and_their_order_in_the_file_decides_nothing(rows, holders, chance):
    def shape(said):
        found = identify(said=said, holders=holders)
        used = [one for of_one in found.people.values() for one in of_one]
        assert sorted(map(repr, used + [one for one, _ in found.doubts])) == sorted(map(repr, said))
        return (
            {key: sorted(map(repr, of_one)) for key, of_one in found.people.items()},
            sorted((repr(one), doubt) for one, doubt in found.doubts),
        )

    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert shape(rows) == shape(shuffled)
