"""The benchmark's own rows: what its two sides are given must be the same."""

import json
from datetime import date, timedelta
from itertools import pairwise

from benchmarks.company import Company
from benchmarks.usage_rows import ROWS, as_copy, as_ndjson, rows_of

PEOPLE = 4_000
LAST = date(2026, 10, 20)
COMPANY = Company(organization_id=3, initiative_id=5, people=PEOPLE, key="")


def test_a_post_states_each_key_once() -> None:
    rows = list(rows_of(1, people=PEOPLE, last=LAST))
    assert len(rows) == ROWS
    assert len({(row.person, row.day) for row in rows}) == ROWS


def test_each_post_restates_one_row_in_fifty_of_the_post_before() -> None:
    posts = [
        {(row.person, row.day): row.as_of for row in rows_of(n, people=PEOPLE, last=LAST)}
        for n in range(3)
    ]
    for before, after in pairwise(posts):
        shared = before.keys() & after.keys()
        assert len(shared) == ROWS // 50
        assert all(after[key] > before[key] for key in shared)


def test_both_forms_say_the_same() -> None:
    rows = list(rows_of(2, people=PEOPLE, last=LAST))[:500]
    subjects = {COMPANY.address(row.person): 1_000 + row.person for row in rows}
    posted = [json.loads(line) for line in as_ndjson(COMPANY, iter(rows)).splitlines()]
    copied = [
        line.split("\t") for line in as_copy(COMPANY, iter(rows), subjects=subjects).splitlines()
    ]
    for said, line in zip(posted, copied, strict=True):
        assert line[1] == said["day"]
        assert int(line[2]) == subjects[said["subject"].removeprefix("email:")]
        assert line[6] == (date.fromisoformat(said["day"]) + timedelta(days=1)).isoformat()
        assert [int(line[8]), int(line[9])] == [said["interactions"], said["accepted"]]
        assert line[12].replace("+00:00", "Z") == said["as_of"]
