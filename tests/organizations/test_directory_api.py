"""People in by REST, and batches out; a key sees what its scopes say and never a person."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.test import Client

from organizations import scope
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Scope
from organizations.models import ImportBatch, Person
from tests.builders import imported, make_batch, make_key, make_organization

pytestmark = pytest.mark.django_db

PEOPLE = "external_id,email,name,department\n1,bo@acme.test,Bo Chen,Operations\n"
BROKEN = PEOPLE + "2,=cmd|x,Ann Ode,Operations\n"


@pytest.fixture
def organization():
    return make_organization()


def client(organization, *scopes: Scope, name: str = "Nightly export") -> Client:
    with scope.organization(organization.pk):
        key = make_key(organization=organization, scopes=scopes, name=name, now=datetime.now(UTC))
    return Client(headers={"Authorization": f"Bearer {key.text}"})


def post(sender: Client, body: str = PEOPLE, **more):
    return sender.post("/api/v1/people", body, content_type="text/csv", **more)


def table(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_people_are_posted_and_counted(organization):
    answer = post(client(organization, Scope.INGEST_PEOPLE))
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["received"]) == (1, 1)
    with scope.organization(organization.pk):
        assert Person.objects.get().email == "bo@acme.test"


@pytest.mark.parametrize("path", ["/api/v1/people", "/api/v1/people/"])
def test_a_slash_at_the_end_makes_no_difference(organization, path):
    sender = client(organization, Scope.INGEST_PEOPLE)
    assert sender.post(path, PEOPLE, content_type="text/csv").status_code == 200


def test_json_rows_are_taken_as_well(organization):
    answer = client(organization, Scope.INGEST_PEOPLE).post(
        "/api/v1/people",
        '[{"email": "bo@acme.test", "name": "Bo Chen", "manager_email": "x@acme.test"}]',
        content_type="application/json",
    )
    assert answer.json()["accepted"] == 1
    assert "manager_email" in answer.json()["warnings"][0]


def test_the_same_request_again_gets_the_first_answer(organization):
    sender = client(organization, Scope.INGEST_PEOPLE)
    first = post(sender, headers={"Idempotency-Key": "a"})
    again = post(sender, headers={"Idempotency-Key": "a"})
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()


def test_one_bad_row_in_strict_mode_is_a_refusal_that_lists_it(organization):
    sender = client(organization, Scope.INGEST_PEOPLE)
    answer = sender.post("/api/v1/people?strict=true", BROKEN, content_type="text/csv")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "bad_email"
    with scope.organization(organization.pk):
        assert not Person.objects.exists()


def test_a_scope_grants_only_itself(organization):
    others = [one for one in Scope if one is not Scope.INGEST_PEOPLE]
    assert post(client(organization, *others)).status_code == 403


def test_nobody_reads_people_through_the_api(organization):
    sender = client(organization, *Scope)
    post(sender)
    assert sender.get("/api/v1/people").status_code == 405


def test_a_key_that_posts_sees_its_own_batches_and_a_reader_sees_all(organization):
    sender = client(organization, Scope.INGEST_PEOPLE, name="one")
    other = client(organization, Scope.INGEST_USAGE, name="two")
    reader = client(organization, Scope.READ_BATCHES, name="three")
    number = post(sender).json()["batch"]
    seen = [len(who.get("/api/v1/batches").json()["results"]) for who in (sender, other, reader)]
    assert seen == [1, 0, 1]
    codes = [who.get(f"/api/v1/batches/{number}").status_code for who in (sender, other, reader)]
    assert codes == [200, 404, 200]
    assert (
        client(organization, Scope.READ_SPRINT, name="four").get("/api/v1/batches").status_code
        == 403
    )


def test_a_batch_tells_its_sums(organization):
    sender = client(organization, Scope.INGEST_PEOPLE)
    number = post(sender, BROKEN).json()["batch"]
    body = sender.get(f"/api/v1/batches/{number}/").json()
    assert body["received"] == body["accepted"] + body["rejected"] == 2
    assert body["lines"] == 2


def test_refused_rows_come_as_json_and_as_a_table_no_spreadsheet_runs(organization):
    sender = client(organization, Scope.INGEST_PEOPLE)
    number = post(sender, BROKEN).json()["batch"]
    address = f"/api/v1/batches/{number}/errors"
    [row] = sender.get(address).json()["results"]
    assert (row["line"], row["code"], row["value"]) == (3, "bad_email", "=cmd|x")
    header, line = table(sender.get(address, headers={"Accept": "text/csv"}))
    assert header == ["line", "field", "code", "message", "value"]
    assert (line[0], line[-1]) == ("3", "'=cmd|x")


def test_a_refusal_stays_a_problem_document_when_csv_was_asked_for(organization):
    answer = client(organization, Scope.READ_BATCHES).get(
        "/api/v1/batches/99/errors", headers={"Accept": "text/csv"}
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("number", ["0", "99", "99999999999999999999"])
def test_a_number_that_is_nothing_here_is_not_found(organization, number):
    answer = client(organization, Scope.READ_BATCHES).get(f"/api/v1/batches/{number}")
    assert answer.status_code == 404


def test_another_organizations_batch_is_not_found(organization):
    twin = make_organization(name="Twin")
    with scope.organization(twin.pk):
        batch = imported(make_batch(PEOPLE, organization=twin, kind=BatchKind.PEOPLE))
    reader = client(organization, Scope.READ_BATCHES)
    assert reader.get(f"/api/v1/batches/{batch.number}").status_code == 404
    assert reader.get("/api/v1/batches").json() == {"next": None, "results": []}


def test_a_list_is_read_page_by_page_newest_first(organization):
    with scope.organization(organization.pk):
        for _ in range(5):
            imported(make_batch(PEOPLE, organization=organization, kind=BatchKind.PEOPLE))
    reader = client(organization, Scope.READ_BATCHES)
    address, seen = "/api/v1/batches?limit=2&kind=people", []
    while address:
        page = reader.get(address).json()
        seen += [row["number"] for row in page["results"]]
        address = page["next"]
    assert seen == [5, 4, 3, 2, 1]


def test_batches_come_as_a_table_too(organization):
    sender = client(organization, Scope.INGEST_PEOPLE, Scope.READ_BATCHES)
    post(sender)
    header, line = table(sender.get("/api/v1/batches", headers={"Accept": "text/csv"}))
    assert dict(zip(header, line, strict=True))["state"] == "done"


def test_filters_that_name_nothing_find_nothing(organization):
    sender = client(organization, Scope.INGEST_PEOPLE, Scope.READ_BATCHES)
    post(sender)
    assert sender.get("/api/v1/batches?state=dead").json()["results"] == []
    assert ImportBatch.unscoped.count() == 1
