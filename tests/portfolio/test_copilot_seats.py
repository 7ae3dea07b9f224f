"""The list of Copilot seats opens an initiative to the people whose accounts it names."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations import scope
from organizations.actions.erasure import erase_person
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.models import BatchChunk, ImportBatch, Organization, Subject, SubjectLink
from organizations.models import RowError as StoredError
from portfolio.models import Eligibility, EligibilityRule
from tests.builders import make_initiative, make_person
from tests.cast import Company

ADDRESS = "/api/v1/eligibility?source=github_copilot_seats&initiative=copilot"


def seat(login: str = "octocat", uid: object = 1, **more: object) -> dict[str, object]:
    """A seat as GitHub documents it."""
    return {
        "created_at": "2026-08-03T18:00:00-06:00",
        "updated_at": "2026-09-23T15:00:00-06:00",
        "pending_cancellation_date": None,
        "last_activity_at": "2026-10-14T00:53:32-06:00",
        "last_activity_editor": "vscode/1.77.3/copilot/1.86.82",
        "plan_type": "business",
        "assignee": {"login": login, "id": uid, "node_id": "MDQ6VXNlcjE=", "type": "User"},
        "assigning_team": {"id": 1, "name": "Justice League", "slug": "justice-league"},
    } | more


def page_of(*seats: dict[str, object]) -> bytes:
    return json.dumps({"total_seats": len(seats), "seats": seats}).encode()


def send(company: Company, *seats: dict[str, object], address: str = ADDRESS):
    return company.api().post(address, page_of(*seats), content_type="application/json")


def stored() -> list[tuple[str, date, date | None, bool | None]]:
    rules = EligibilityRule.objects.order_by("pk").select_related("person")
    return [(r.person.email, r.span.lower, r.span.upper, r.seat) for r in rules]


def link(person, uid: str, *, first: date | None = None, last: date | None = None) -> None:
    subject, _ = Subject.objects.get_or_create(
        source="github_copilot",
        kind="uid",
        external_id=uid,
        defaults={"first_seen": date(2026, 8, 1), "last_seen": date(2026, 10, 1)},
    )
    SubjectLink.objects.create(
        subject=subject, person=person, span=DateRange(first, last), how="hand"
    )


def test_a_seat_opens_from_its_day_here_through_its_pending_cancellation(in_acme: Company) -> None:
    Organization.objects.filter(pk=in_acme.organization.pk).update(time_zone="Europe/Berlin")
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    make_person(email="cy@acme.test", aliases=["uid:2"])
    answer = send(
        in_acme, seat(), seat("octokitten", 2, pending_cancellation_date="2026-11-01")
    ).json()
    assert (answer["accepted"], answer["rejected"], answer["warnings"]) == (2, 0, [])
    # 18:00 at -06:00 is two in the morning of the next day in Berlin.
    assert stored() == [
        ("ann@acme.test", date(2026, 8, 4), None, True),
        ("cy@acme.test", date(2026, 8, 4), date(2026, 11, 2), True),
    ]
    assert Eligibility.objects.count() == 2


def test_the_same_seats_change_nothing_and_a_cancellation_closes_one(in_acme: Company) -> None:
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    send(in_acme, seat())
    later = send(in_acme, seat(last_activity_at=None)).json()
    assert (later["accepted"], later["duplicate"]) == (0, 1)
    closed = send(in_acme, seat(pending_cancellation_date="2026-11-30")).json()
    assert closed["revised"] == 1
    assert stored()[0][2] == date(2026, 12, 1)
    assert send(in_acme).json()["received"] == 0
    assert len(stored()) == 1


def test_a_link_of_usage_names_the_person_and_the_newest_holds(in_acme: Company) -> None:
    link(in_acme.person, "1", last=date(2026, 9, 1))
    link(make_person(email="ann@acme.test"), "1", first=date(2026, 9, 1))
    assert send(in_acme, seat()).json()["accepted"] == 1
    assert stored()[0][0] == "ann@acme.test"


def test_the_number_outweighs_a_login_that_somebody_else_has_now(in_acme: Company) -> None:
    make_person(email="ann@acme.test", aliases=["uid:1"])
    make_person(email="cy@acme.test", aliases=["login:octocat"])
    send(in_acme, seat())
    assert [email for email, *_ in stored()] == ["ann@acme.test"]


def test_an_unknown_account_is_refused_with_the_way_to_mend_it(in_acme: Company) -> None:
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    answer = send(in_acme, seat("octokitten", 2), seat()).json()
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    [error] = answer["errors"]
    assert (error["line"], error["field"], error["code"]) == (1, "assignee", "unknown_person")
    assert "alias login:… or uid:…" in error["message"]
    assert StoredError.objects.get().value == "octokitten (2)"


def test_the_same_file_is_read_again_once_the_directory_is_mended(in_acme: Company) -> None:
    assert send(in_acme, seat()).json()["rejected"] == 1
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    assert send(in_acme, seat()).json()["accepted"] == 1
    assert send(in_acme, seat())["Idempotent-Replayed"] == "true"


def test_a_person_of_the_twin_gets_no_access_here(in_acme: Company, twin: Company) -> None:

    with scope.organization(twin.organization.pk):
        make_person(email="ann@acme.test", aliases=["login:octocat"])
    assert send(in_acme, seat()).json()["rejected"] == 1
    assert Eligibility.unscoped.count() == 0


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"assignee": None}, "assignee", "missing_field"),
        ({"assignee": "octocat"}, "assignee", "bad_type"),
        ({"assignee": {"login": "octocat"}}, "assignee.id", "missing_field"),
        ({"assignee": {"id": 1}}, "assignee.login", "missing_field"),
        ({"assignee": {"id": "1", "login": "octocat"}}, "id", "bad_type"),
        ({"created_at": None}, "created_at", "missing_field"),
        ({"created_at": "2026-08-03T18:00:00"}, "created_at", "offset_missing"),
        ({"pending_cancellation_date": "soon"}, "pending_cancellation_date", "bad_date"),
        ({"pending_cancellation_date": "2026-08-01"}, "pending_cancellation_date", "bad_period"),
    ],
)
def test_a_seat_that_cannot_be_read_is_a_row_error(
    in_acme: Company, changes: dict[str, object], field: str, code: str
) -> None:
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    [error] = send(in_acme, seat(**changes)).json()["errors"]
    assert (error["line"], error["field"], error["code"]) == (1, field, code)
    assert EligibilityRule.objects.count() == 0


def test_seats_that_contradict_each_other_are_both_refused(in_acme: Company) -> None:
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    answer = send(in_acme, seat(), seat(pending_cancellation_date="2026-12-01")).json()
    assert [error["code"] for error in answer["errors"]] == ["conflicting_rows"] * 2


@pytest.mark.parametrize(
    ("address", "body", "code"),
    [
        ("/api/v1/eligibility?source=github_copilot_seats", page_of(), "initiative_missing"),
        (ADDRESS, b'{"user_id": 1, "user_login": "a", "day": "2026-10-06"}', "unsupported_shape"),
        (ADDRESS, b'{"download_links": ["https://example.test"]}', "unsupported_shape"),
        (ADDRESS, b'{"seat_breakdown": {"total": 12}}', "unsupported_shape"),
        (ADDRESS, b'{"total_seats": 12}', "unsupported_shape"),
    ],
)
def test_another_report_is_refused_in_words(
    in_acme: Company, address: str, body: bytes, code: str
) -> None:
    answer = in_acme.api().post(address, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["detail"]


def test_seats_are_no_table_and_other_words_are_no_source(in_acme: Company) -> None:
    table = in_acme.api().post(ADDRESS, b"login,id\n", content_type="text/csv")
    assert table.status_code == 415
    unknown = in_acme.api().post(
        "/api/v1/eligibility?source=jira", page_of(), content_type="application/json"
    )
    assert (unknown.status_code, unknown.json()["field"]) == (400, "source")
    assert "github_copilot_seats" in unknown.json()["remedy"]
    assert not ImportBatch.objects.exists()


def test_an_initiative_nobody_registered_refuses_its_seats(in_acme: Company) -> None:
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    answer = send(in_acme, seat(), address=ADDRESS.replace("=copilot", "=unheard-of")).json()
    assert [error["code"] for error in answer["errors"]] == ["unknown_initiative"]


def test_an_erased_account_is_refused_without_its_name(in_acme: Company) -> None:

    ann = make_person(email="ann@acme.test", aliases=["login:octocat", "uid:1"])
    send(in_acme, seat())
    erase_person(person=ann, actor=SYSTEM, now=datetime.now(UTC))
    assert not BatchChunk.objects.exists()
    [error] = send(in_acme, seat(last_activity_at=None)).json()["errors"]
    assert error["code"] == "erased"
    assert StoredError.objects.get().value == ""
    assert not EligibilityRule.objects.exists()


def test_the_page_takes_seats_for_the_initiative_that_is_chosen(in_acme: Company) -> None:
    make_initiative(key="reviews", name="Reviews")
    make_person(email="ann@acme.test", aliases=["login:octocat"])
    client = in_acme.client(Role.ADMINISTRATOR)
    sent = {
        "source": "github_copilot_seats",
        "initiative": "reviews",
        "file": SimpleUploadedFile("seats.json", page_of(seat())),
    }
    answer = client.post("/initiatives/import/eligibility/", sent, follow=True)
    assert "all 1 rows" in answer.text or "its only row was taken" in answer.text
    assert EligibilityRule.objects.get().initiative.key == "reviews"


@pytest.mark.parametrize(
    ("name", "initiative", "words"),
    [
        ("seats.json", "", "Choose the initiative that the seats open."),
        ("seats.csv", "copilot", "Seats come as .json, or one a line as .ndjson."),
    ],
)
def test_the_page_says_what_seats_need(
    in_acme: Company, name: str, initiative: str, words: str
) -> None:
    sent = {
        "source": "github_copilot_seats",
        "initiative": initiative,
        "file": SimpleUploadedFile(name, page_of(seat())),
    }
    answer = in_acme.client(Role.PROGRAM_LEAD).post("/initiatives/import/eligibility/", sent)
    assert words in answer.text
    assert not ImportBatch.objects.exists()


def test_rules_by_file_need_no_word_of_the_new_fields(in_acme: Company) -> None:
    body = b"initiative,rule,from\ncopilot,all,2026-01-01\n"
    sent = {"file": SimpleUploadedFile("rules.csv", body)}
    in_acme.client(Role.PROGRAM_LEAD).post("/initiatives/import/eligibility/", sent)
    batch = ImportBatch.objects.get()
    assert (batch.source, batch.initiative, batch.accepted) == ("eligibility", "", 1)


@pytest.mark.parametrize(
    "row",
    [
        {"user_id": 1, "user_login": "octocat", "day": "2026-10-06", "team_id": 7},
        {"day": "2026-10-06", "team_id": 7, "slug": "justice-league"},
    ],
)
def test_a_report_by_teams_is_refused_since_people_are_in_several(
    in_acme: Company, row: dict[str, object]
) -> None:
    answer = in_acme.api().post(
        "/api/v1/usage?source=github_copilot&initiative=copilot",
        json.dumps(row).encode(),
        content_type="application/x-ndjson",
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported_shape")
    assert "count them twice" in answer.json()["detail"]
    assert not Subject.objects.exists()


def test_the_address_of_the_documents_takes_what_github_prints(in_acme: Company) -> None:
    root = Path(__file__).parents[2]
    printed = (root / "docs" / "sources_health.md").read_text()
    [address] = re.findall(r'"\$LASTMILE_URL(/api/v1/eligibility\?[^"]+)"', printed)
    [media] = re.findall(r'"Content-Type: ([^"]+)"', printed)
    make_initiative(key="code-assistant", name="Code assistant")
    make_person(email="alice@acme.test", aliases=["login:alice"])
    body = (root / "tests" / "data" / "github_copilot" / "seats.json").read_bytes()
    answer = in_acme.api().post(address, body, content_type=media).json()
    assert (answer["accepted"], answer["rejected"]) == (1, 0)
    assert EligibilityRule.objects.get().initiative.key == "code-assistant"
