"""A usage import is taken back as if it had never come, as long as nothing newer stands on it."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from adoption.actions.undo import CannotUndo, undo_batch
from adoption.models import (
    FullSlice,
    PersonWeek,
    SourceWeek,
    UsageEventSeen,
    UsageFact,
    UsageFactHistory,
)
from adoption.querysets.staging import CONTENT
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.calculations.actor import Actor
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, ImportBatch
from tests.adoption.test_event_imports import call
from tests.adoption.test_slices import BO, FULL, GHOST, MONDAY, part, post, row, sums
from tests.builders import make_initiative
from tests.cast import Company

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
ADA = "email:ada@acme.test"


@pytest.fixture(autouse=True)
def _in_force(acme: Company) -> Iterator[None]:
    with scope.organization(acme.organization.pk), time_machine.travel(NOW):
        yield


def undo(company: Company, number: int) -> int:
    actor = Actor(kind="user", id=company.users[Role.PROGRAM_LEAD].pk)
    batch = ImportBatch.objects.get(number=number)
    return undo_batch(batch=batch, actor=actor, now=datetime.now(UTC))


def stored() -> tuple[list[Any], ...]:
    key = ("period_start", "subject_id", "initiative_id", "surface", "grain")
    own = ("state", "revision", "as_of", "batch_id", "stated_in")
    facts = UsageFact.objects.values_list(*key, *CONTENT, *own)
    former = UsageFactHistory.objects.values_list(*key, *CONTENT, *own, "replaced_by")
    return sorted(facts, key=repr), sorted(former, key=repr), list(FullSlice.objects.values())


def figures(company: Company) -> tuple[list[Any], list[Any]]:
    refresh_adoption(organization_id=company.organization.pk, now=NOW)
    weeks = PersonWeek.objects.order_by("week", "person_id").values_list("week", "interactions")
    return list(weeks), list(SourceWeek.objects.order_by("week").values_list("week", "state"))


def test_what_it_accepted_is_gone_and_what_it_replaced_is_back(acme: Company) -> None:
    post(acme, row(BO), row(BO, MONDAY + DAY))
    before, shown = stored(), figures(acme)
    wrong = post(acme, row(BO, interactions=90), row(ADA), row(GHOST, date(2026, 9, 7)))
    assert figures(acme) != shown
    assert undo(acme, wrong["batch"]) == 3
    assert stored() == before
    assert figures(acme) == shown
    assert ImportBatch.objects.get(number=wrong["batch"]).state == "undone"


def test_it_is_in_the_trail(acme: Company) -> None:
    post(acme, row(BO))
    wrong = post(acme, row(BO, interactions=90), row(ADA))
    undo(acme, wrong["batch"])
    event = AuditEvent.objects.get(action="usage.undone")
    assert event.object_id == str(wrong["batch"])
    assert event.changes == {"removed": 1, "restored": 1}
    assert event.actor_id == acme.users[Role.PROGRAM_LEAD].pk


def test_what_it_merely_confirmed_stays(acme: Company) -> None:
    post(acme, row(BO))
    second = post(acme, row(BO), row(ADA))
    assert undo(acme, second["batch"]) == 1
    fact = UsageFact.objects.get()
    assert (fact.state, fact.interactions, fact.revision) == (1, 3, 1)


def test_what_a_full_slice_withdrew_is_back(acme: Company) -> None:
    post(acme, row(BO), row(GHOST, MONDAY + DAY))
    before, shown = stored(), figures(acme)
    empty = post(acme, query=FULL)
    assert empty["withdrawn"] == 2
    assert figures(acme) == ([], [])
    assert undo(acme, empty["batch"]) == 2
    assert stored() == before
    assert figures(acme) == shown
    assert sums(post(acme, row(ADA)))[0] == 1


def test_all_parts_of_a_slice_are_taken_back_together(acme: Company) -> None:
    post(acme, row(BO), row(GHOST))
    before = stored()
    first = post(acme, row(BO, interactions=1), query=f"{FULL}&{part(1)}", status=202)
    post(acme, row(ADA), query=f"{FULL}&{part(2)}")
    assert undo(acme, first["batch"]) == 3
    assert stored() == before
    states = ImportBatch.objects.order_by("number").values_list("state", flat=True)
    assert list(states) == ["done", "undone", "undone"]
    post(acme, row(BO, interactions=1), query=f"{FULL}&{part(1)}", status=202)
    assert post(acme, row(ADA), query=f"{FULL}&{part(2)}")["withdrawn"] == 1


def test_events_it_added_may_come_again(acme: Company) -> None:
    address = "/api/v1/usage?source=bedrock&initiative=copilot"

    def send(*numbers: int) -> dict[str, Any]:
        lines = [json.dumps(call(number, day="2026-10-19")) for number in numbers]
        found: dict[str, Any] = (
            acme.api()
            .post(address, data="\n".join(lines), content_type="application/x-ndjson")
            .json()
        )
        return found

    send(1, 2)
    second = send(2, 3)
    assert UsageFact.objects.get().requests == 3
    undo(acme, second["batch"])
    assert UsageFact.objects.get().requests == 2
    assert UsageEventSeen.objects.count() == 2
    assert sums(send(2, 3))[:3] == (1, 0, 1)
    assert UsageFact.objects.get().requests == 3


def test_the_same_body_counts_again_afterwards(acme: Company) -> None:
    wrong = post(acme, row(BO))
    undo(acme, wrong["batch"])
    assert not UsageFact.objects.exists()
    assert sums(post(acme, row(BO)))[0] == 1


def test_undone_one_after_the_other_nothing_is_left(acme: Company) -> None:
    numbers = [
        post(acme, row(BO, interactions=n), row(ADA, interactions=n))["batch"] for n in (1, 2, 3)
    ]
    for number in reversed(numbers):
        undo(acme, number)
    assert stored() == ([], [], [])


# --- when it is refused -------------------------------------------------------------------------
@pytest.mark.parametrize("later", [row(BO, interactions=1), row(BO), row(ADA)])
def test_a_later_batch_about_the_same_days_is_named(
    acme: Company, later: dict[str, object]
) -> None:
    first = post(acme, row(BO), row(GHOST))
    second = post(acme, later, row(GHOST, interactions=8))
    before = stored()
    with pytest.raises(CannotUndo, match=f"Batch {second['batch']} came later"):
        undo(acme, first["batch"])
    assert stored() == before


def test_later_batches_about_other_days_or_initiatives_are_no_obstacle(acme: Company) -> None:
    make_initiative(key="triage", name="Triage")
    first = post(acme, row(BO), query="initiative=copilot")
    post(acme, row(BO, MONDAY + DAY))
    post(acme, row(BO, initiative="triage"), query="initiative=triage")
    assert undo(acme, first["batch"]) == 1
    assert UsageFact.objects.count() == 2


def test_a_fact_confirmed_by_a_batch_that_was_taken_back_stays(acme: Company) -> None:
    first = post(acme, row(BO))
    second = post(acme, row(BO), row(ADA))
    undo(acme, second["batch"])
    with pytest.raises(CannotUndo, match="1 of its facts"):
        undo(acme, first["batch"])


def test_it_cannot_be_taken_back_twice(acme: Company) -> None:
    wrong = post(acme, row(BO))
    undo(acme, wrong["batch"])
    with pytest.raises(CannotUndo, match="that is done"):
        undo(acme, wrong["batch"])


def test_a_refused_or_an_empty_batch_has_nothing_to_take_back(acme: Company) -> None:
    refused = post(acme, row(BO, interactions=-1), query="strict=true", status=422)
    with pytest.raises(CannotUndo, match="that is done"):
        undo(acme, refused["batch"])
    nothing = post(acme, row(BO, interactions=-1))
    with pytest.raises(CannotUndo, match="stored nothing"):
        undo(acme, nothing["batch"])


def test_after_ninety_days_it_stays(acme: Company) -> None:
    wrong = post(acme, row(BO))
    with time_machine.travel(NOW + 91 * DAY), pytest.raises(CannotUndo, match="90 days"):
        undo(acme, wrong["batch"])


def test_what_cannot_be_put_back_is_not_touched(acme: Company) -> None:
    post(acme, row(BO))
    second = post(acme, row(BO, interactions=8), row(ADA))
    UsageFactHistory.objects.all().delete()
    with pytest.raises(CannotUndo, match="no longer kept"):
        undo(acme, second["batch"])
    assert UsageFact.objects.count() == 2
