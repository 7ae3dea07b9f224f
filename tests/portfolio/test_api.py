"""The register and its rules by REST."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.test import Client

from organizations import scope
from organizations.calculations.roles import Scope
from portfolio.models import EligibilityRule, Initiative
from tests.builders import (
    make_department,
    make_initiative,
    make_key,
    make_organization,
    make_person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return make_organization()


def client(organization, *scopes: Scope) -> Client:
    with scope.organization(organization.pk):
        key = make_key(organization=organization, scopes=scopes, now=datetime.now(UTC))
    return Client(headers={"Authorization": f"Bearer {key.text}"})


def fill(organization, *, canary: str = "") -> None:
    with scope.organization(organization.pk):
        one = make_initiative(key="copilot", name=f"=Copilot {canary}")
        one.owner = make_person(email=f"owner{canary}@acme.test", name=f"Olive {canary}")
        one.department = make_department(path="Operations / Phones")
        one.save(update_fields=["owner", "department"])
        make_initiative(key="drafts", name="Drafts")


def test_initiatives_and_eligibility_are_posted_as_ndjson(organization):
    sender = client(organization, Scope.INGEST_INITIATIVES, Scope.INGEST_ELIGIBILITY)
    posted = sender.post(
        "/api/v1/initiatives",
        '{"key":"copilot","name":"Copilot","stage":"live","outcome":"Cut review time from 4 days'
        ' to 2","metric":"Days","baseline":"4","target":"2","target_date":"2027-03-31"}\n',
        content_type="application/x-ndjson",
    )
    assert (posted.status_code, posted.json()["accepted"]) == (200, 1)
    opened = sender.post(
        "/api/v1/eligibility/",
        '{"initiative":"copilot","rule":"all","from":"2026-01-01"}\n',
        content_type="application/x-ndjson",
    )
    assert (opened.status_code, opened.json()["accepted"]) == (200, 1)
    with scope.organization(organization.pk):
        assert Initiative.objects.get().key == "copilot"
        assert EligibilityRule.objects.count() == 1


def test_the_register_is_read_without_its_people(organization):
    fill(organization)
    answer = client(organization, Scope.READ_PORTFOLIO).get("/api/v1/initiatives?stage=live")
    body = answer.json()
    assert body["next"] is None
    assert [one["key"] for one in body["results"]] == ["copilot", "drafts"]
    first = body["results"][0]
    assert (first["department"], first["monthly_budget"]) == ("Operations / Phones", "12000.00")
    assert body["results"][1]["department"] is None
    assert b"Olive" not in answer.content
    assert b"owner" not in answer.content


def test_the_register_comes_as_a_table_no_spreadsheet_runs(organization):
    fill(organization)
    answer = client(organization, Scope.READ_PORTFOLIO).get(
        "/api/v1/initiatives", headers={"Accept": "text/csv"}
    )
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["key"] for row in rows] == ["copilot", "drafts"]
    assert rows[0]["name"].startswith("'=Copilot")


def test_another_organizations_register_never_shows(organization):
    fill(make_organization(name="Twin"), canary="CANARY")
    answer = client(organization, Scope.READ_PORTFOLIO).get("/api/v1/initiatives")
    assert answer.json() == {"next": None, "results": []}


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("get", "/api/v1/initiatives", Scope.READ_PORTFOLIO),
        ("post", "/api/v1/initiatives", Scope.INGEST_INITIATIVES),
        ("post", "/api/v1/eligibility", Scope.INGEST_ELIGIBILITY),
    ],
)
def test_a_scope_grants_only_itself(organization, method, path, needed):
    sender = client(organization, *(one for one in Scope if one is not needed))
    answer = getattr(sender, method)(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_without_a_key_there_is_no_answer(organization):
    answer = Client().get("/api/v1/initiatives")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_refused")


def test_reading_the_register_costs_the_same_however_long_it_is(
    organization, django_assert_max_num_queries
):
    with scope.organization(organization.pk):
        for number in range(30):
            make_initiative(key=f"i-{number}")
    reader = client(organization, Scope.READ_PORTFOLIO)
    with django_assert_max_num_queries(6):
        assert len(reader.get("/api/v1/initiatives").json()["results"]) == 30
