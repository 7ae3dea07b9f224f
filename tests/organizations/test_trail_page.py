"""The page of the audit trail: sentences, filters, pages and the file."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.test import Client
from django.urls import reverse

from organizations import scope
from organizations.actions.trail import record
from organizations.actions.trail_check import check_chain
from organizations.calculations.actor import SYSTEM, Actor
from organizations.calculations.entries import Change, TrailFilter, changes_of
from organizations.calculations.roles import Role
from organizations.models import ApiKey, AuditEvent, AuditHead
from organizations.reports import trail as report
from tests.cast import CANARY, Company

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def auditor(acme: Company) -> Client:
    return acme.client(Role.AUDITOR)


def write(
    company: Company,
    action: str,
    *,
    actor: Actor = SYSTEM,
    at: datetime = DAY,
    object_id: object = "thing-1",
    **changes: object,
) -> AuditEvent:
    return record(
        organization_id=company.organization.pk,
        actor=actor,
        action=action,
        object_kind="api_key",
        object_id=object_id,
        changes=changes,
        now=at,
    )


def shown(client: Client, **query: object) -> list[str]:
    answer = client.get(reverse("trail"), query)
    assert answer.status_code == 200
    return [f"{line.who} {line.words}" for line in answer.context["report"].lines]


def test_an_entry_is_a_sentence_with_its_changes_and_its_place(acme: Company, auditor: Client):
    actor = Actor(kind="user", id=acme.users[Role.PROGRAM_LEAD].pk, request_id="req-77")
    event = write(acme, "key.revoked", actor=actor, fields=["owner"])

    page = auditor.get(reverse("trail")).content.decode()

    assert "<b>program_lead</b> revoked an API key" in page
    for words in ("Fields", "owner", "req-77", event.hash[:12]):
        assert words in page
    assert event.hash not in page


def test_the_newest_entry_comes_first_and_nothing_of_another_company(
    acme: Company, twin: Company, auditor: Client
):
    write(acme, "key.created")
    write(acme, "key.revoked")
    write(twin, "settings.changed", name=CANARY)
    page = auditor.get(reverse("trail"))
    assert shown(auditor)[:2] == ["Last Mile revoked an API key", "Last Mile made an API key"]
    assert CANARY not in page.content.decode()


def test_filters_find_who_what_when_and_on_which_object(acme: Company, auditor: Client):
    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get()
    lead = acme.users[Role.PROGRAM_LEAD]
    write(acme, "settings.changed", actor=Actor(kind="user", id=lead.pk))
    write(acme, "batch.received", actor=Actor(kind="key", id=key.pk), object_id=841)
    write(acme, "sprint.started", at=DAY - timedelta(days=30))

    assert shown(auditor, who=f"user:{lead.public_id}") == ["program_lead changed settings"]
    assert shown(auditor, who=f"key:{key.public_id}") == ["Key Nightly export received a batch"]
    assert shown(auditor, who="key") == ["Key Nightly export received a batch"]
    assert shown(auditor, what="Sprint") == ["Last Mile started a sprint"]
    assert shown(auditor, object="841") == ["Key Nightly export received a batch"]
    assert shown(auditor, to="2026-10-04") == ["Last Mile started a sprint"]
    assert "Last Mile started a sprint" not in shown(auditor, **{"from": "2026-10-04"})


def test_days_of_the_filter_are_those_of_the_reader(acme: Company, auditor: Client):
    acme.users[Role.AUDITOR].time_zone = "Asia/Tokyo"
    acme.users[Role.AUDITOR].save(update_fields=["time_zone"])
    write(acme, "sprint.started", at=datetime(2026, 6, 1, 16, 0, tzinfo=UTC))
    same_day = {"from": "2026-06-02", "to": "2026-06-02"}
    assert shown(auditor, **same_day) == ["Last Mile started a sprint"]
    assert shown(auditor, to="2026-06-01") == []


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"to": "9999-12-31"},
        {"what": "nonsense"},
        {"before": "x"},
        {"before": "9" * 30},
        {"after": "²"},
        {"object": "\x00"},
        {"who": "somebody"},
    ],
)
def test_what_an_address_cannot_mean_is_left_out(acme: Company, auditor: Client, query):
    write(acme, "key.created")
    assert "Last Mile made an API key" in shown(auditor, **query)


@pytest.mark.parametrize("who", ["user:0", "user:" + "0" * 32, "key:" + "a" * 8])
def test_a_stranger_did_nothing_here(auditor: Client, who: str):
    assert shown(auditor, who=who) == []


def test_pages_go_on_without_a_gap_or_a_repetition(acme: Company, auditor: Client, monkeypatch):
    monkeypatch.setattr(report, "ENTRIES_PER_PAGE", 4)
    for number in range(10):
        write(acme, "key.created", object_id=number)
    read, before = [], ""
    while True:
        page = auditor.get(reverse("trail"), {"what": "API keys", "before": before})
        found = page.context["report"]
        read += [line.sequence for line in found.lines]
        if found.older is None:
            break
        before = str(found.older)
    assert read == sorted(read, reverse=True)
    assert len(set(read)) == len(read) == 11
    newer = auditor.get(reverse("trail"), {"what": "API keys", "after": before})
    assert [line.sequence for line in newer.context["report"].lines] == read[3:7]


def test_a_page_costs_as_many_questions_for_a_thousand_entries(
    acme: Company, django_assert_max_num_queries
):
    with scope.organization(acme.organization.pk):
        for number in range(120):
            write(acme, "key.created", object_id=number)
        with django_assert_max_num_queries(6):
            found = report.trail_report(
                organization_id=acme.organization.pk,
                wanted=TrailFilter(),
                before=None,
                after=None,
            )
    assert len(found.lines) == report.ENTRIES_PER_PAGE


def test_the_page_says_whether_the_chain_was_found_whole(acme: Company, auditor: Client):
    assert "first night is still to come" in auditor.get(reverse("trail")).content.decode()
    with scope.organization(acme.organization.pk):
        check_chain(organization_id=acme.organization.pk, now=DAY)
    assert "Chain last verified" in auditor.get(reverse("trail")).content.decode()
    AuditHead.objects.update(broken_at=3)
    page = auditor.get(reverse("trail")).content.decode()
    assert "Entry 3 was altered or is missing" in page


def test_the_filter_offers_every_group_of_acts_by_name(auditor: Client):
    page = auditor.get(reverse("trail")).content.decode()
    for group in report.groups():
        assert f'<option value="{group}">{group}</option>' in page


def test_an_empty_answer_says_how_to_see_more(auditor: Client):
    page = auditor.get(reverse("trail"), {"object": "nothing like it"}).content.decode()
    assert "No entry fits this filter" in page
    assert "Show all" in page


def test_an_action_of_a_version_that_is_no_more_says_its_own_name(acme: Company, auditor: Client):
    write(acme, "gone.away")
    assert shown(auditor)[0] == "Last Mile did gone.away"


def test_a_login_that_is_gone_keeps_its_acts(acme: Company, auditor: Client):
    write(acme, "key.created", actor=Actor(kind="user", id=999_999))
    assert shown(auditor)[0] == "A former login made an API key"


def rows_of(answer) -> list[dict[str, str]]:
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(body)))


def test_the_file_holds_what_the_filter_finds_and_its_download_is_recorded(
    acme: Company, auditor: Client
):
    write(acme, "settings.changed", name="=cmd()")
    rows = rows_of(auditor.get(reverse("trail_export"), {"what": "Settings", "object": "thing-1"}))

    assert [row["words"] for row in rows] == ["changed settings"]
    assert rows[0]["changes"] == "Name: =cmd()"
    assert len(rows[0]["hash"]) == 64
    with scope.organization(acme.organization.pk):
        entry = AuditEvent.objects.get(action="trail.exported")
    assert entry.changes == {"lines": 1, "filtered": True}
    assert entry.actor_id == acme.users[Role.AUDITOR].pk


def test_the_file_is_cut_at_its_longest(acme: Company, auditor: Client, monkeypatch):
    monkeypatch.setattr(report, "MOST_EXPORTED", 2)
    for number in range(4):
        write(acme, "key.created", object_id=number)
    rows = rows_of(auditor.get(reverse("trail_export"), {"what": "API keys"}))
    assert [row["object_id"] for row in rows] == ["3", "2"]


def test_changes_are_said_in_words():
    assert changes_of({"until": None, "strict": True, "scopes": ["a", "b"], "to": {"x": 1}}) == (
        Change(name="Until", value="nothing"),
        Change(name="Strict", value="yes"),
        Change(name="Scopes", value="a, b"),
        Change(name="To", value="x: 1"),
    )
