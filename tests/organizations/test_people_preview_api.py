"""The preview of people by REST: said as JSON, applied or dropped by the key that sent it."""

from datetime import date

import pytest

from organizations import scope
from organizations.calculations.roles import Scope
from organizations.models import ImportBatch, Person
from tests.builders import make_key, make_person
from tests.organizations.test_people_preview import BO, HEADER, NEW

pytestmark = pytest.mark.django_db
URL = "/api/v1/people"


@pytest.fixture
def house(acme):
    with scope.organization(acme.organization.pk):
        yield acme


def send(api, body: str, **query):
    return api.post(URL, HEADER + body, content_type="text/csv", query_params=query)


def test_a_preview_is_counted_and_nothing_is_applied(house):
    make_person(email="cy@acme.test", name="Cy Roe", aliases=["login:x"])
    answer = send(house.api(), BO + NEW + "9,eve@acme.test,Eve,,,,,,,login:x,\n", preview="true")

    assert answer.status_code == 200
    assert answer.json()["state"] == "preview"
    assert answer.json()["preview"] == {
        "unchanged": 1,
        "new": 1,
        "changed": 0,
        "gone": 0,
        "conflict": 1,
        "conflicts": [{"line": 4, "code": "alias_taken"}],
    }
    assert not Person.objects.filter(external_id="7").exists()


def test_without_the_word_people_are_taken_directly(house):
    answer = send(house.api(), NEW)

    assert (answer.json()["state"], answer.json()["preview"]) == ("done", None)


def test_the_key_that_sent_it_applies_it_without_its_conflicts(house):
    make_person(email="cy@acme.test", name="Cy Roe", aliases=["login:x"])
    api = house.api()
    number = send(api, NEW + "9,eve@acme.test,Eve,,,,,,,login:x,\n", preview="true").json()["batch"]

    answer = api.post(f"/api/v1/batches/{number}/apply")

    assert answer.status_code == 200
    told = answer.json()
    assert (told["state"], told["accepted"], told["rejected"]) == ("done", 1, 1)
    assert told["errors"][0]["code"] == "alias_taken"
    assert Person.objects.filter(external_id="7").exists()


def test_nobody_ends_by_the_api(house):
    api = house.api()
    number = send(api, NEW, preview="true").json()["batch"]
    api.post(f"/api/v1/batches/{number}/apply")

    assert Person.objects.get(pk=house.person.pk)
    assert not ImportBatch.objects.get(number=number).options["end_absent"]


def test_a_discarded_preview_is_not_applied(house):
    api = house.api()
    number = send(api, NEW, preview="true").json()["batch"]

    assert api.post(f"/api/v1/batches/{number}/discard").json()["state"] == "discarded"

    refused = api.post(f"/api/v1/batches/{number}/apply")
    assert (refused.status_code, refused.json()["code"]) == (409, "preview_closed")


def test_another_key_does_not_decide(house):
    number = send(house.api(), NEW, preview="true").json()["batch"]
    other = make_key(
        organization=house.organization,
        scopes=[Scope.INGEST_PEOPLE, Scope.READ_BATCHES],
        name="Another export",
    )

    answer = house.api().post(
        f"/api/v1/batches/{number}/apply", headers={"Authorization": f"Bearer {other.text}"}
    )

    assert answer.status_code == 404


def test_a_directory_that_changed_meanwhile_is_a_conflict(house):
    api = house.api()
    number = send(api, BO.replace("Operations / Warehouse", "Sales"), preview="true").json()[
        "batch"
    ]
    send(api, BO.replace("Operations / Warehouse", "Finance"))

    answer = api.post(f"/api/v1/batches/{number}/apply")

    assert answer.status_code == 409
    again = api.get(f"/api/v1/batches/{number}").json()
    assert (again["state"], again["preview"]["changed"]) == ("preview", 1)


def test_a_long_preview_is_answered_before_it_is_made(house, settings):
    settings.ROWS_BEFORE_ANSWER = 1

    answer = send(house.api(), BO + NEW, preview="true")

    assert (answer.status_code, answer.json()["preview"]) == (202, None)
    assert answer["Location"] == answer.json()["address"]


def test_the_same_preview_again_is_the_same_batch(house):
    api = house.api()
    first = send(api, NEW, preview="true").json()["batch"]

    again = send(api, NEW, preview="true")

    assert again.json()["batch"] == first
    assert again["Idempotent-Replayed"] == "true"


def test_a_preview_does_not_stand_in_the_way_of_the_same_body(house):
    api = house.api()
    send(api, NEW, preview="true")

    assert send(api, NEW).json()["accepted"] == 1


def test_only_people_have_a_preview(house):
    answer = house.api().post(
        "/api/v1/eligibility?preview=true",
        f"initiative,rule,from\ncopilot,all,{date(2026, 1, 1)}\n",
        content_type="text/csv",
    )

    assert answer.json()["state"] == "done"
