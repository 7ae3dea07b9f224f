"""Keys: shown once, with lines that work as they are printed."""

import html
import re
import shlex
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from organizations import scope
from organizations.calculations.roles import Role, Scope
from organizations.models import ApiKey, AuditEvent
from organizations.reports import offers
from organizations.reports.examples import Sender, examples_for
from organizations.reports.keys import KeyState, key_lines
from portfolio.models import Initiative
from tests.builders import NOW, TODAY, make_key, make_person

pytestmark = pytest.mark.django_db

FORM = {"name": "copilot-usage", "scopes": ["ingest:usage"], "days": "90"}


@pytest.fixture(autouse=True)
def initiatives(monkeypatch):
    monkeypatch.setattr(offers, "_choosers", {})
    offers.name_initiatives(
        lambda: list(Initiative.objects.order_by("key").values_list("key", "name"))
    )


@pytest.fixture
def lead(acme):
    return acme.client(Role.PROGRAM_LEAD)


def commands(page: str) -> list[str]:
    blocks = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    return [html.unescape(block) for block in blocks]


def sent(command: str):
    """Do what the shell and curl would do with a printed line."""
    words = shlex.split(command)
    assert words[:4] == ["curl", "-sS", "-X", "POST"]
    headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
    address = urlsplit(words[4])
    assert address.netloc == "testserver"
    return Client().post(
        address.path,
        words[words.index("-d") + 1],
        content_type=headers.pop("Content-Type"),
        headers=headers,
    )


def test_a_new_key_is_shown_once_and_its_line_works_as_it_is_printed(acme, lead):
    page = lead.post(reverse("keys"), FORM)

    text, command = commands(page.content.decode())
    assert re.fullmatch(r"lm_\w{10}_[\w-]{43}", text)
    assert "no-store" in page["Cache-Control"]
    answer = sent(command)
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["unmatched"]) == (1, 1)
    assert text not in lead.get(reverse("keys")).content.decode()


def test_before_the_first_initiative_the_lines_register_one(acme, lead):
    with scope.organization(acme.organization.pk):
        Initiative.objects.all().delete()
    assert lead.get(reverse("keys")).context["form"]["scopes"].value() == [
        "ingest:usage",
        "ingest:initiatives",
    ]

    page = lead.post(
        reverse("keys"), FORM | {"scopes": ["ingest:usage", "ingest:initiatives"]}
    ).content.decode()

    _, first, second, _ = commands(page)
    assert sent(first).json()["accepted"] == 1
    assert sent(second).json()["accepted"] == 1


def test_a_key_for_usage_alone_says_that_an_initiative_is_missing(acme, lead):
    with scope.organization(acme.organization.pk):
        Initiative.objects.all().delete()

    page = lead.post(reverse("keys"), FORM).content.decode()

    assert "unknown_initiative" in page


def test_a_key_that_only_reads_gets_no_line_to_send(lead):
    page = lead.post(reverse("keys"), FORM | {"scopes": ["read:sprint"]}).content.decode()

    assert len(commands(page)) == 1
    assert "This key reads" in page


def test_lines_for_files_name_the_file_and_a_pinned_source():
    sender = Sender(
        site="https://lastmile.example",
        key="$LASTMILE_KEY",
        scopes=[Scope.INGEST_USAGE, Scope.INGEST_PEOPLE],
        initiative="copilot",
        source="github_copilot",
    )

    usage, people = examples_for(sender=sender, today=TODAY)

    assert "source=github_copilot&initiative=copilot" in usage.command
    assert (usage.file, people.file) == ("github_copilot.ndjson", "people.csv")
    assert '"Authorization: Bearer $LASTMILE_KEY"' in people.command


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"days": "9999"}, "days"),
        ({"pinned_initiative": "unknown"}, "pinned_initiative"),
        ({"name": "Nightly export"}, "name"),
    ],
)
def test_what_is_wrong_with_a_key_stands_beside_its_field(acme, lead, changes, field):
    answer = lead.post(reverse("keys"), FORM | changes)

    assert answer.context["form"].errors.keys() == {field}
    with scope.organization(acme.organization.pk):
        assert ApiKey.objects.count() == 1


def test_a_key_lives_as_long_as_was_chosen_and_keeps_its_pin(acme, lead):
    lead.post(reverse("keys"), FORM | {"days": "30", "pinned_initiative": "copilot"})

    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get(name="copilot-usage")
    assert key.expires_on - key.created_at.date() == timedelta(days=30)
    assert key.pinned_initiative == "copilot"
    assert key.created_by == acme.users[Role.PROGRAM_LEAD]


def test_a_revoked_key_is_refused_from_then_on(acme, lead):
    assert acme.api().post("/api/v1/usage").status_code != 401
    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get()

    page = lead.post(reverse("key_revoke", args=[key.public_id]), follow=True).content.decode()

    assert "Nightly export is revoked" in page
    assert acme.api().post("/api/v1/usage").status_code == 401
    with scope.organization(acme.organization.pk):
        assert AuditEvent.objects.filter(action="key.revoked").count() == 1
    page = lead.post(reverse("key_revoke", args=[key.public_id]), follow=True).content.decode()
    assert "had been revoked before" in page


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, KeyState.NEW),
        ({"last_used_on": TODAY - timedelta(days=30)}, KeyState.ACTIVE),
        ({"last_used_on": TODAY - timedelta(days=31)}, KeyState.QUIET),
        ({"expires_on": TODAY + timedelta(days=14)}, KeyState.ENDS_SOON),
        ({"expires_on": TODAY}, KeyState.ENDS_SOON),
        ({"expires_on": TODAY - timedelta(days=1)}, KeyState.ENDED),
        ({"revoked_at": NOW}, KeyState.REVOKED),
    ],
)
def test_a_key_says_what_state_it_is_in(in_acme, changes, state):
    ApiKey.objects.update(expires_on=date(2027, 9, 1))
    ApiKey.objects.update(**changes)

    [line] = key_lines(today=TODAY)

    assert line.state is state


def test_live_keys_come_first_and_fifty_cost_one_question(in_acme, django_assert_num_queries):
    ApiKey.objects.update(revoked_at=NOW)
    for number in range(49):
        make_key(organization=in_acme.organization, name=f"Key {number}")

    with django_assert_num_queries(1):
        lines = key_lines(today=TODAY)

    assert [line.live for line in lines] == [True] * 49 + [False]


def test_the_example_row_names_nobody_of_the_directory(acme, lead):
    with scope.organization(acme.organization.pk):
        make_person(email="someone@acme.test", name="Someone")
    page = lead.post(reverse("keys"), FORM).content.decode()
    assert "acme.test" not in commands(page)[1]
