import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Role, Scope
from portfolio.models import Eligibility
from tests.adoption.figures import counts, last_week, weeks_ago, write_state, write_week
from tests.builders import (
    imported,
    make_batch,
    make_department,
    make_initiative,
    make_key,
    make_person,
)
from tests.cast import CANARY, Company

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/adoption/weekly"


@pytest.fixture
def company(acme: Company) -> Company:
    with scope.organization(acme.organization.pk):
        for path in ("Service / Returns", "Service / Mail", "Service / Phones"):
            make_department(path=path)
        write_state(organization=acme.organization)
        for back in range(3):
            write_week(
                week=weeks_ago(back),
                direct={
                    "Service / Returns": counts(4, 3),
                    "Service / Mail": counts(37, 29),
                    "Service / Phones": counts(83, 59),
                    "Operations / Warehouse": counts(61, 41),
                },
                state="partial" if back == 2 else "complete",
            )
    return acme


def ask(client: Client, **parameters: object) -> Any:
    answer = client.get(ADDRESS, {"limit": 1000, **parameters})
    assert answer.status_code == 200, answer.content
    return answer.json()


def by_name(rows: list[dict[str, Any]], week: date) -> dict[tuple[str, str | None], dict[str, Any]]:
    return {
        (row["group"], row["department"]): row for row in rows if row["week"] == week.isoformat()
    }


def test_rows_come_by_week_and_group(company: Company) -> None:
    body = ask(company.api(), from_week=weeks_ago(0))
    rows = by_name(body["results"], weeks_ago(0))
    assert rows["department", "Service / Phones"] == {
        "week": weeks_ago(0).isoformat(),
        "group": "department",
        "department": "Service / Phones",
        "initiative": None,
        "eligible": 83,
        "active": 59,
        "share": 59 / 83,
        "habitual": 29,
        "elig4": 83,
        "status": "known",
        "habitual_status": "known",
        "at_least": False,
        "definition_version": "adoption-1",
    }
    assert rows["all", None]["eligible"] == 185
    assert rows["direct", "Service"]["status"] == "unknown"
    assert rows["no_department", None]["share"] is None


def test_hidden_cells_are_null_with_their_status(company: Company) -> None:
    answer = company.api().get(ADDRESS, {"department": "Service"})
    rows = by_name(answer.json()["results"], weeks_ago(0))
    for team in ("Mail", "Returns"):
        row = rows["department", f"Service / {team}"]
        assert row["status"] == row["habitual_status"] == "suppressed"
        told = ("eligible", "active", "share", "habitual", "elig4")
        assert [row[name] for name in told] == [None] * 5
    text = answer.content.decode()
    assert ":37," not in text
    assert ":29," not in text.replace('"habitual":29,', "")


def test_a_department_hides_the_same_cells_alone_and_in_the_whole(company: Company) -> None:
    whole = by_name(ask(company.api())["results"], weeks_ago(0))
    part = by_name(ask(company.api(), department="Service")["results"], weeks_ago(0))
    assert part
    assert all(whole[key] == row for key, row in part.items())


def test_silent_weeks_are_no_data_and_partial_ones_lower_bounds(company: Company) -> None:
    rows = ask(company.api(), from_week=weeks_ago(3))["results"]
    assert by_name(rows, weeks_ago(3))["all", None]["status"] == "no_data"
    assert by_name(rows, weeks_ago(3))["all", None]["eligible"] is None
    assert by_name(rows, weeks_ago(2))["all", None]["at_least"] is True


def test_thirteen_weeks_come_by_default_and_none_is_incomplete(company: Company) -> None:
    weeks = {row["week"] for row in ask(company.api())["results"]}
    assert len(weeks) == 13
    late = ask(company.api(), from_week=weeks_ago(0), to_week=weeks_ago(-3))["results"]
    assert {row["week"] for row in late} == {weeks_ago(0).isoformat()}


def test_weeks_that_have_not_come_are_an_empty_list(company: Company) -> None:
    body = ask(company.api(), from_week=weeks_ago(-2))
    assert body == {"next": None, "results": []}


def test_pages_hold_whole_weeks_and_lead_through_all(company: Company) -> None:
    client, seen, address = company.api(), [], f"{ADDRESS}?limit=10"
    while address:
        body = client.get(address).json()
        assert len({row["week"] for row in body["results"]}) == 1
        seen += body["results"]
        address = body["next"]
    assert seen == ask(client)["results"]


def test_csv_by_accept_is_the_whole_list(company: Company) -> None:
    answer = company.api().get(ADDRESS, {"department": "Service"}, headers={"Accept": "text/csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    latest = {r["department"]: r for r in rows if r["week"] == weeks_ago(0).isoformat()}
    assert answer.headers["Content-Type"] == "text/csv"
    assert latest["Service / Phones"]["active"] == "59"
    hidden = latest["Service / Mail"]
    assert (hidden["eligible"], hidden["status"]) == ("", "suppressed")
    assert len({row["week"] for row in rows}) == 13


def test_an_initiative_is_asked_by_its_key(company: Company) -> None:
    with scope.organization(company.organization.pk):
        write_week(
            week=weeks_ago(0),
            direct={"Service / Phones": counts(20, 6)},
            initiative_id=company.initiative.pk,
        )
    rows = by_name(ask(company.api(), initiative="copilot")["results"], weeks_ago(0))
    assert rows["all", None]["active"] == 6
    assert rows["all", None]["initiative"] == "copilot"


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"department": "Nowhere"}, 404, "not_found"),
        ({"initiative": "nothing"}, 404, "not_found"),
        ({"from_week": "2026-11-17"}, 400, "bad_envelope"),
        ({"to_week": "last"}, 400, "bad_envelope"),
        ({"cursor": "x"}, 400, "bad_envelope"),
        ({"from_week": "0001-01-01"}, 400, "bad_envelope"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(
    company: Company, parameters: dict[str, str], status: int, code: str
) -> None:
    answer = company.api().get(ADDRESS, parameters)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_key_needs_the_scope(company: Company) -> None:
    with scope.organization(company.organization.pk):
        key = make_key(
            organization=company.organization,
            scopes=[each for each in Scope if each is not Scope.READ_ADOPTION],
            name="Other",
            now=datetime.now(UTC),
        )
    client = Client(headers={"Authorization": f"Bearer {key.text}"})
    assert client.get(ADDRESS).status_code == 403
    assert Client().get(ADDRESS).status_code == 401


def test_a_signed_in_person_without_a_key_is_refused(company: Company) -> None:
    assert company.client(Role.PROGRAM_LEAD).get(ADDRESS).status_code == 401


def test_a_key_of_one_initiative_reads_that_one(company: Company) -> None:
    with scope.organization(company.organization.pk):
        make_initiative(key="notes", name="Notes")
        key = make_key(
            organization=company.organization,
            name="Pinned",
            pinned_initiative="copilot",
            now=datetime.now(UTC),
        )
    client = Client(headers={"Authorization": f"Bearer {key.text}"})
    assert client.get(ADDRESS).status_code == 403
    assert client.get(ADDRESS, {"initiative": "notes"}).status_code == 403
    assert client.get(ADDRESS, {"initiative": "copilot"}).status_code == 200


def test_departments_of_the_twin_are_not_found(company: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_department(path=CANARY)
        write_state(organization=twin.organization)
        write_week(week=weeks_ago(0), direct={CANARY: counts(9931, 7717)})
    assert company.api().get(f"{ADDRESS}?department={quote(CANARY)}").status_code == 404
    text = company.api().get(ADDRESS).content.decode()
    assert CANARY not in text
    assert "9931" not in text


def test_queries_do_not_grow_with_departments(company: Company) -> None:
    client = company.api()
    ask(client)
    with CaptureQueriesContext(connection) as few:
        ask(client)
    with scope.organization(company.organization.pk):
        for number in range(40):
            make_department(path=f"Field / Team {number}")
    with CaptureQueriesContext(connection) as many:
        ask(client)
    assert len(many) == len(few)


def test_posted_usage_comes_out_as_figures(acme: Company) -> None:
    """The whole way: rows in, refresh, the same figures by API and on the page."""
    now = datetime.now(UTC)
    with scope.organization(acme.organization.pk):
        people = [
            make_person(
                email=f"p{number}@acme.test",
                name=f"Person {number}",
                department="Operations / Warehouse",
            )
            for number in range(12)
        ]
        for person in people:
            Eligibility.objects.create(
                initiative=acme.initiative, person=person, span=(date(2020, 1, 1), None)
            )
        day = last_week(now=now) + timedelta(days=1)
        lines = [f"copilot,email:p{number}@acme.test,{day},3" for number in range(7)]
        body = "\n".join(["initiative,subject,day,interactions", *lines])
        batch = imported(
            make_batch(body, organization=acme.organization, kind=BatchKind.USAGE, now=now),
            now=now,
        )
        assert batch.accepted == 7
        refresh_adoption(organization_id=acme.organization.pk, now=now)
    rows = by_name(ask(acme.api(), initiative="copilot")["results"], weeks_ago(0))
    row = rows["department", "Operations / Warehouse"]
    assert (row["active"], row["eligible"], row["status"]) == (7, 12, "known")
    html = acme.client(Role.CHAMPION).get("/adoption/?initiative=copilot").content.decode()
    assert "58% of Warehouse uses Copilot weekly</h1>" in html
    assert "7 of 12" in html
