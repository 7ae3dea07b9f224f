import json
from pathlib import Path

import pytest

from lastmile.sample import demo
from lastmile.sample.demo import DemoOrganization
from lastmile.sample.fabrikam import FABRIKAM
from lastmile.sample.northwind import NORTHWIND

URL = "http://127.0.0.1:8000"
ROLES = {
    "administrator",
    "program_lead",
    "champion",
    "executive",
    "facilitator",
    "member",
    "auditor",
}


def organizations() -> list[DemoOrganization]:
    return [
        DemoOrganization(
            organization=plan.slug,
            logins=tuple(demo.login_of(plan, login) for login in plan.logins),
            api_key=f"key of {plan.slug}",
        )
        for plan in (NORTHWIND, FABRIKAM)
    ]


def test_the_file_tells_address_logins_and_keys(tmp_path: Path) -> None:
    demo.write(folder=tmp_path, url=URL, database_url="postgres://x", organizations=organizations())

    content = json.loads((tmp_path / demo.FILE).read_text(encoding="utf-8"))
    assert list(content) == [
        "url",
        "organization",
        "logins",
        "api_key",
        "database_url",
        "others",
    ]
    assert {login["role"] for login in content["logins"]} == ROLES
    assert content["api_key"] == "key of northwind-freight"
    assert [other["organization"] for other in content["others"]] == ["fabrikam-parcel"]
    assert {login["role"] for login in content["others"][0]["logins"]} == ROLES


def test_the_file_is_for_its_owner_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    for _ in range(2):
        demo.write(folder=tmp_path, url=URL, database_url="", organizations=organizations())

    assert [path.name for path in tmp_path.iterdir()] == [demo.FILE]
    assert (tmp_path / demo.FILE).stat().st_mode & 0o777 == 0o600


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    demo.write(folder=tmp_path, url=URL, database_url="", organizations=organizations())

    assert demo.read(folder=tmp_path) == organizations()


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"others": [1]}', '{"others": []}'])
def test_a_file_that_is_missing_or_not_ours_is_no_earlier_run(
    content: str | None, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / demo.FILE).write_text(content)

    assert demo.read(folder=tmp_path) == []


def test_the_lead_of_both_organizations_has_one_login() -> None:
    first, second = organizations()
    logins = {login.email: login for login in first.logins}

    shared = [login for login in second.logins if login.email in logins]

    assert [login.role for login in shared] == ["program_lead"]
    assert shared[0] == logins[shared[0].email]


def test_passwords_are_long_enough_and_differ_by_role() -> None:
    for organization in organizations():
        passwords = [login.password for login in organization.logins]
        assert all(len(password) >= 12 for password in passwords)
        assert len(set(passwords)) == len(passwords)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (
            {"NAME": "lm", "USER": "postgres", "PASSWORD": "", "HOST": "127.0.0.1", "PORT": 5432},
            "postgres://postgres@127.0.0.1:5432/lm",
        ),
        (
            {"NAME": "lm", "USER": "a", "PASSWORD": "b/c", "HOST": "db.example", "PORT": ""},
            "postgres://a:b%2Fc@db.example/lm",
        ),
        (
            {"NAME": "lm", "USER": "lm", "PASSWORD": "", "OPTIONS": {"host": "/srv/data/run"}},
            "postgres://lm@/lm?host=/srv/data/run",
        ),
    ],
)
def test_the_address_of_the_database_is_told_as_django_reads_it(
    settings: dict[str, object], url: str
) -> None:
    assert demo.database_url(settings) == url


def test_the_table_is_aligned_and_names_every_login() -> None:
    lines = demo.table(URL, organizations())

    assert lines[0] == f"Sign in at {URL}"
    rows = lines[4:]
    assert len(rows) == 14
    column = lines[2].index("E-mail")
    assert all(row[column - 2 : column] == "  " and "@" in row[column:] for row in rows)
