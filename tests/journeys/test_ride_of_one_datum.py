"""The ride of one datum: from a line of a vendor's file to the figure a lead reads, and back.

Told at the doors of the site, as a customer's script and a lead's browser meet them.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from adoption.models import AdoptionState, UsageFact, UsageFactHistory
from organizations import scope
from organizations.actions.keys import create_key
from organizations.actions.tenant import (
    NewLogin,
    create_organization,
    get_or_create_user,
    grant_role,
)
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role, Scope
from organizations.models import DirtySpan, DirtyWeek, Organization
from sprints import tasks
from sprints.actions import start_sprint

WEDNESDAY = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 10, 12)
PEOPLE = "external_id,email,name,department,job_role,aliases\n" + "".join(
    f"d{n},dev{n}@acme.test,Dev {n},Engineering / Platform,Developer,login:dev{n}\n"
    for n in range(10)
)
INITIATIVE = (
    "key,name,stage,outcome,metric,baseline,target,target_date\n"
    "code-assistant,Code assistant,live,Reviewed changes are merged in 2 days instead of 4,"
    "Median days to merge,4,2,2027-03-31\n"
)
ELIGIBILITY = "initiative,rule,value,from\ncode-assistant,department,Engineering,2026-01-01\n"
COPILOT = "/api/v1/usage?source=github_copilot&initiative=code-assistant"


@dataclass(frozen=True, kw_only=True)
class Story:
    organization: Organization
    script: Client
    lead: Client

    def send(self, address: str, body: str, content_type: str = "text/csv") -> dict[str, Any]:
        """What `curl --data-binary` does; the answer once the batch is worked off."""
        answer = self.script.post(address, body, content_type=content_type)
        assert answer.status_code == 200, answer.content
        told: dict[str, Any] = answer.json()
        assert told["errors"] == []
        return told

    def send_copilot(self, *lines: dict[str, Any]) -> dict[str, Any]:
        return self.send(COPILOT, "\n".join(map(json.dumps, lines)), "application/x-ndjson")

    def page(self, address: str) -> str:
        """The words of a page as they are read, without its markup."""
        answer = self.lead.get(address)
        assert answer.status_code == 200
        text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.content.decode())
        return re.sub(r"\s+", " ", unescape(text))

    def refresh(self) -> None:
        """What the worker does when the bell has rung."""
        tasks.refresh(self.organization.pk)

    def stored(self, question: Callable[[], Any]) -> Any:
        with scope.organization(self.organization.pk):
            return question()


@pytest.fixture
def story(db: None) -> Iterator[Story]:
    with time_machine.travel(WEDNESDAY, tick=False):
        organization = create_organization(
            name="Acme", time_zone="Europe/Berlin", currency="EUR", actor=SYSTEM, now=WEDNESDAY
        )
        user = get_or_create_user(NewLogin(email="lena@acme.test", name="Lena Marsh"))
        with scope.organization(organization.pk):
            grant_role(
                organization=organization,
                user=user,
                role=Role.PROGRAM_LEAD,
                actor=SYSTEM,
                now=WEDNESDAY,
            )
            start_sprint(
                organization_id=organization.pk,
                name="Autumn",
                starts_on=date(2026, 10, 5),
                actor=SYSTEM,
                now=WEDNESDAY,
            )
            key = create_key(
                organization_id=organization.pk,
                name="Nightly export",
                scopes=list(Scope),
                actor=SYSTEM,
                now=WEDNESDAY,
            )
        lead = Client()
        lead.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        script = Client(headers={"Authorization": f"Bearer {key.text}"})
        yield Story(organization=organization, script=script, lead=lead)


def line(developer: int, *, day: date = MONDAY, prompts: int = 7) -> dict[str, Any]:
    """One line of the report users-1-day."""
    return {
        "user_id": 1000 + developer,
        "user_login": f"dev{developer}",
        "day": day.isoformat(),
        "organization_id": "999",
        "enterprise_id": "13213",
        "user_initiated_interaction_count": prompts,
        "code_generation_activity_count": prompts,
        "code_acceptance_activity_count": min(prompts, 2),
        "used_cli": False,
    }


def weekly(story: Story) -> dict[str, Any]:
    """The last complete week of the whole organization, as the API tells it."""
    answer = story.script.get("/api/v1/adoption/weekly", {"from_week": MONDAY.isoformat()})
    assert answer.status_code == 200
    rows: list[dict[str, Any]] = answer.json()["results"]
    [row] = [one for one in rows if one["group"] == "all" and one["initiative"] is None]
    return row


def test_the_ride_of_one_datum(story: Story) -> None:
    # The directory, the register and who may use what come first.
    assert story.send("/api/v1/people", PEOPLE)["accepted"] == 10
    assert story.send("/api/v1/initiatives", INITIATIVE)["accepted"] == 1
    assert story.send("/api/v1/eligibility", ELIGIBILITY)["accepted"] == 1

    # Six developers have asked something in the week of 12 October; a seventh only looked.
    told = story.send_copilot(*[line(n) for n in range(6)], line(6, prompts=0))
    assert (told["lines"], told["accepted"], told["unmatched"]) == (7, 7, 0)

    # Nothing has been computed yet, and the page does not pretend.
    assert "6 of 10" not in story.page("/sprint/")
    story.refresh()
    it_is_seen(story, active=6, share="60%")

    # One late row: the seventh developer did ask something after all.
    late = line(6, prompts=3)
    told = story.send_copilot(late)
    assert (told["accepted"], told["revised"], told["duplicate"]) == (0, 1, 0)
    story.refresh()
    it_is_seen(story, active=7, share="70%")

    # What the row said before is kept.
    [old] = story.stored(lambda: list(UsageFactHistory.objects.all()))
    assert (old.interactions, old.revision) == (0, 1)

    it_comes_again_and_nothing_changes(story, late, line(0))
    it_is_seen(story, active=7, share="70%")


def it_is_seen(story: Story, *, active: int, share: str) -> None:
    """On the lead's first screen, on the adoption page and through the API, with its origin."""
    home = story.page("/sprint/")
    for words in (share, f"{active} of 10", "Where from"):
        assert words in home
    adoption = story.page("/adoption/")
    for words in (share, f"{active} of 10", "Where from"):
        assert words in adoption
    week = weekly(story)
    assert (week["active"], week["eligible"], week["status"]) == (active, 10, "known")
    assert f"{week['share']:.0%}" == share


def it_comes_again_and_nothing_changes(story: Story, *lines: dict[str, Any]) -> None:
    """The same statements in another file: no mark, no new figure. The same file: a replay."""
    before = story.stored(lambda: AdoptionState.objects.get().version)
    told = story.send_copilot(*lines)
    assert (told["accepted"], told["revised"], told["duplicate"]) == (0, 0, len(lines))
    assert not story.stored(DirtyWeek.objects.exists)
    assert not story.stored(DirtySpan.objects.exists)
    story.refresh()
    assert story.stored(lambda: AdoptionState.objects.get().version) == before
    assert story.stored(UsageFact.objects.count) == 7
    body = "\n".join(map(json.dumps, lines))
    again = story.script.post(COPILOT, body, content_type="application/x-ndjson")
    assert again["Idempotent-Replayed"] == "true"
    assert again.json()["batch"] == told["batch"]
