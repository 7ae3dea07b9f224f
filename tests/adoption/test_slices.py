"""Full slices withdraw what they leave out; parts of a slice are merged together."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from adoption.models import FullSlice, PersonWeek, SourceWeek, UsageFact, UsageFactHistory
from adoption.refresh.retention import forget_old_usage
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.actions.batches import work_off
from organizations.actions.sweep import sweep_all
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, DirtyWeek, ImportBatch, JobRun
from tests.builders import make_initiative, make_key
from tests.cast import Company

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
MONDAY = date(2026, 10, 5)
DAY = timedelta(days=1)
NDJSON = "application/x-ndjson"
BO, ADA, GHOST = "email:bo.chen@acme.test", "email:ada@acme.test", "login:ghost"
FULL = "full=true&slice_from=2026-10-05&slice_to=2026-10-12&initiative=copilot"


@pytest.fixture(autouse=True)
def _in_force(acme: Company) -> Iterator[None]:
    with scope.organization(acme.organization.pk), time_machine.travel(NOW):
        yield


def row(subject: str = BO, day: date | str = MONDAY, **more: object) -> dict[str, object]:
    stated = {"initiative": "copilot", "subject": subject, "day": str(day)}
    return stated | {"surface": "chat", "interactions": 3} | more


def post(
    company: Company, *rows: dict[str, object], query: str = "", status: int = 200, **headers: str
) -> dict[str, Any]:
    body = "\n".join(map(json.dumps, rows)) + "\n"
    address = f"/api/v1/usage?{query}"
    answer = company.api().post(address, data=body, content_type=NDJSON, headers=headers)
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def sums(answer: dict[str, Any]) -> tuple[int, int, int, int, int]:
    names = ("accepted", "revised", "duplicate", "rejected")
    assert answer["received"] == sum(answer[name] for name in names)
    return (*(answer[name] for name in names), answer["withdrawn"])


def live() -> list[tuple[str, date, int | None]]:
    facts = UsageFact.objects.filter(state=1).order_by("subject__external_id", "period_start")
    return list(facts.values_list("subject__external_id", "period_start", "interactions"))


# --- what a full slice withdraws ----------------------------------------------------------------
def test_a_full_slice_withdraws_what_it_leaves_out_and_keeps_its_history(acme: Company) -> None:
    first = post(acme, row(BO), row(ADA))
    answer = post(acme, row(BO), query=FULL)
    assert sums(answer) == (0, 0, 1, 0, 1)
    assert live() == [("bo.chen@acme.test", MONDAY, 3)]
    gone = UsageFact.objects.get(state=0)
    kept = UsageFactHistory.objects.get()
    assert (gone.revision, gone.interactions) == (2, 3)
    assert (kept.state, kept.revision, kept.interactions) == (1, 1, 3)
    assert kept.batch_id == ImportBatch.objects.get(number=first["batch"]).pk
    assert acme.api().get(answer["address"]).json()["withdrawn"] == 1


def test_only_the_slice_is_withdrawn(acme: Company, twin: Company) -> None:
    """Not other days, grains, initiatives, scopes, senders or organizations."""
    make_initiative(key="triage", name="Triage")
    week = {"grain": "week", "period_start": str(MONDAY), "period_end": str(MONDAY + 7 * DAY)}
    weekly = {name: value for name, value in row().items() if name != "day"} | week
    others = [
        row(day=MONDAY - DAY),
        row(day=MONDAY + 7 * DAY),
        row(initiative="triage"),
        row(scope="emea"),
        weekly,
    ]
    post(acme, row(), *others)
    other_key = make_key(organization=acme.organization, name="Gateway")
    acme_again = Company(**{**acme.__dict__, "key": other_key.text})
    post(acme_again, row())
    post(twin, row())
    assert sums(post(acme, query=FULL)) == (0, 0, 0, 0, 1)
    assert len(live()) == len(others) + 1
    with scope.organization(twin.organization.pk):
        assert len(live()) == 1


def test_weeks_are_withdrawn_by_a_slice_of_weeks(acme: Company) -> None:
    week = {"grain": "week", "period_start": str(MONDAY), "period_end": str(MONDAY + 7 * DAY)}
    post(acme, row(), {name: value for name, value in row().items() if name != "day"} | week)
    assert sums(post(acme, query=f"{FULL}&grain=week")) == (0, 0, 0, 0, 1)
    assert UsageFact.objects.get(state=1).grain == "day"


def test_a_withdrawn_row_comes_back_when_it_is_stated_again(acme: Company) -> None:
    post(acme, row())
    post(acme, query=FULL)
    assert live() == []
    assert sums(post(acme, row())) == (0, 1, 0, 0, 0)
    assert live() == [("bo.chen@acme.test", MONDAY, 3)]


@pytest.mark.parametrize("known", [True, False])
def test_an_older_row_that_comes_late_comes_in_withdrawn(acme: Company, known: bool) -> None:
    old, older = (NOW - timedelta(days=days) for days in (3, 4))
    if known:
        post(acme, row(interactions=9, as_of=older.isoformat()))
    post(acme, query=f"{FULL}&as_of=2026-10-20T00:00:00Z")
    assert sums(post(acme, row(as_of=old.isoformat()))) == (0, 0, 1, 0, 0)
    assert live() == []
    assert UsageFact.objects.get().state == 0
    assert sums(post(acme, row(as_of=NOW.isoformat())))[1] == 1
    assert len(live()) == 1


def test_an_older_slice_that_comes_late_withdraws_older_rows_only(acme: Company) -> None:
    post(acme, row(BO, as_of="2026-10-20T00:00:00Z"), row(ADA, as_of="2026-10-12T00:00:00Z"))
    answer = post(acme, query=f"{FULL}&as_of=2026-10-15T00:00:00Z")
    assert answer["withdrawn"] == 1
    assert [who for who, _, _ in live()] == ["bo.chen@acme.test"]


def test_a_slice_is_as_old_as_its_oldest_row_and_keeps_its_own_rows(acme: Company) -> None:
    post(acme, row(ADA, as_of="2026-10-19T00:00:00Z"))
    answer = post(acme, row(BO, as_of="2026-10-18T00:00:00Z"), query=FULL)
    assert sums(answer) == (1, 0, 0, 0, 0)
    assert FullSlice.objects.get().as_of == datetime(2026, 10, 18, tzinfo=UTC)
    assert len(live()) == 2


def test_withdrawing_changes_the_figures(acme: Company) -> None:
    post(acme, row(BO), row(GHOST, MONDAY + 7 * DAY))
    refresh_adoption(organization_id=acme.organization.pk, now=NOW)
    assert PersonWeek.objects.count() == 1
    assert SourceWeek.objects.filter(initiative_id=acme.initiative.pk).count() == 2
    post(acme, query=FULL.replace("2026-10-12", "2026-10-19"))
    refresh_adoption(organization_id=acme.organization.pk, now=NOW)
    assert not PersonWeek.objects.exists()
    assert not SourceWeek.objects.exists()
    assert not DirtyWeek.objects.exists()


def test_a_refused_row_keeps_a_slice_from_withdrawing(acme: Company) -> None:
    post(acme, row(ADA))
    answer = post(acme, row(BO), row(ADA, interactions=-1), query=FULL)
    assert sums(answer) == (1, 0, 0, 1, 0)
    assert len(live()) == 2
    assert "nothing was withdrawn" in answer["warnings"][0]
    assert not FullSlice.objects.exists()


@pytest.mark.parametrize("stray", [{"day": "2026-10-12"}, {"scope": "emea"}, {"source": "gateway"}])
def test_a_row_outside_the_slice_is_refused(acme: Company, stray: dict[str, Any]) -> None:
    answer = post(acme, row(), row(ADA, **stray), query=FULL)
    assert sums(answer) == (1, 0, 0, 1, 0)
    assert [(each["line"], each["code"]) for each in answer["errors"]] == [(2, "outside_slice")]


def test_a_slice_is_forgotten_with_the_usage_it_speaks_of(acme: Company) -> None:
    post(acme, row())
    post(acme, query=FULL)
    organization_id = acme.organization.pk
    forget_old_usage(organization_id=organization_id, now=NOW + 300 * DAY)
    assert FullSlice.objects.exists()
    forget_old_usage(organization_id=organization_id, now=NOW + 500 * DAY)
    assert not FullSlice.objects.exists()


# --- what the address may say -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("full=true", "slice_from"),
        ("full=maybe", "full"),
        ("full=true&slice_from=2026-10-05&initiative=copilot", "slice_to"),
        ("full=true&slice_from=2026-10-05&slice_to=2026-10-05&initiative=copilot", "slice_to"),
        ("full=true&slice_from=2015-10-05&slice_to=2026-10-05&initiative=copilot", "slice_to"),
        ("full=true&slice_from=2026-10-05&slice_to=2026-10-12", "initiative"),
        ("full=true&slice_from=2026-10-05&slice_to=2026-10-12&initiative=nothing", "initiative"),
        (f"{FULL}&grain=month", "grain"),
        (f"{FULL}&scope={'x' * 121}", "scope"),
        ("slice_from=2026-10-05", "slice_from"),
        ("part=1", "part"),
        ("slice_id=a", "part"),
        ("slice_id=a&part=0", "part"),
        ("slice_id=a&part=x", "part"),
        ("slice_id=a&part=3&parts=2", "parts"),
        ("slice_id=a&part=2&parts=2&last=true", "parts"),
        (f"slice_id={'x' * 121}&part=1&parts=1", "slice_id"),
        ("source=bedrock&initiative=copilot&slice_id=a&part=1&parts=1", "part"),
    ],
)
def test_a_half_said_slice_is_refused_and_nothing_is_kept(
    acme: Company, query: str, field: str
) -> None:
    answer = post(acme, row(), query=query, status=400)
    assert answer["field"] == field
    assert not ImportBatch.objects.exists()


def test_a_key_of_one_initiative_withdraws_nothing_of_another(acme: Company) -> None:
    make_initiative(key="triage", name="Triage")
    post(acme, row())
    pinned = make_key(
        organization=acme.organization, name="Triage only", pinned_initiative="triage"
    )
    post(Company(**{**acme.__dict__, "key": pinned.text}), query=FULL, status=403)
    assert len(live()) == 1


def test_other_kinds_of_import_know_no_slices(acme: Company) -> None:
    answer = acme.api().post("/api/v1/people?full=true", data="\n", content_type="text/csv")
    assert answer.status_code == 400
    assert answer.json()["field"] == "full"


# --- parts --------------------------------------------------------------------------------------
def part(number: int, *, of: int | None = 2, slice_id: str = "night-1", more: str = "") -> str:
    return f"slice_id={slice_id}&part={number}" + (f"&parts={of}" if of else "") + more


def test_parts_wait_for_each_other_and_are_merged_together(acme: Company) -> None:
    first = post(acme, row(BO), query=part(1), status=202)
    assert (first["state"], first["received"]) == ("received", 0)
    assert first["waits_for"] == "This is part 1 of a slice that waits for part 2."
    assert live() == []
    second = post(acme, row(ADA), row(GHOST), query=part(2))
    assert sums(second) == (2, 0, 0, 0, 0)
    first = acme.api().get(first["address"]).json()
    assert (first["state"], first["accepted"], first["waits_for"]) == ("done", 1, None)
    assert len(live()) == 3


def test_the_pages_of_the_batches_say_what_is_missing_and_what_was_withdrawn(
    acme: Company,
) -> None:
    post(acme, row(GHOST))
    waiting = post(acme, row(BO), query=f"{FULL}&{part(1)}", status=202)
    lead = acme.client(Role.PROGRAM_LEAD)
    page = lead.get(reverse("batch", args=[waiting["batch"]]))
    assert "a slice that waits for part 2." in page.content.decode()
    done = post(acme, row(ADA), query=f"{FULL}&{part(2)}")
    page = lead.get(reverse("batch", args=[done["batch"]]))
    assert "1 earlier row of its slice" in page.content.decode()


def test_the_last_part_may_say_so_and_parts_may_come_in_any_order(acme: Company) -> None:
    last = post(acme, row(BO), query=part(3, of=None, more="&last=true"), status=202)
    assert last["waits_for"] == "This is part 3 of a slice that waits for parts 1, 2."
    early = post(acme, row(ADA), query=part(1, of=None), status=202)
    assert early["waits_for"] == "This is part 1 of a slice that waits for part 2."
    assert sums(post(acme, row(GHOST), query=part(2, of=None)))[0] == 1
    assert len(live()) == 3


def test_what_says_no_end_waits_for_the_last_part(acme: Company) -> None:
    answer = post(acme, row(BO), query=part(2, of=None), status=202)
    assert answer["waits_for"] == (
        "This is part 2 of a slice that waits for part 1 and the last part."
    )


def test_a_full_slice_of_several_parts_withdraws_once_they_are_in(acme: Company) -> None:
    post(acme, row(BO), row(ADA), row(GHOST))
    post(acme, row(BO), query=f"{FULL}&{part(1)}", status=202)
    assert len(live()) == 3
    assert sums(post(acme, row(ADA), query=f"{FULL}&{part(2)}")) == (0, 0, 1, 0, 1)
    assert [who for who, _, _ in live()] == ["ada@acme.test", "bo.chen@acme.test"]


def test_a_summed_source_sums_over_all_parts(acme: Company) -> None:
    def models(*found: tuple[str, int]) -> dict[str, object]:
        return {
            "date": "2026-10-06T00:00:00Z",
            "actor": {"type": "user_actor", "email_address": "bo.chen@acme.test"},
            "terminal_type": "vscode",
            "core_metrics": {"num_sessions": 1},
            "model_breakdown": [
                {
                    "model": name,
                    "tokens": {"input": count, "output": 1},
                    "estimated_cost": {"currency": "USD", "amount": 1},
                }
                for name, count in found
            ],
        }

    query = "source=claude_code&initiative=copilot"
    post(acme, models(("sonnet", 10)), query=f"{query}&{part(1)}", status=202)
    second = post(acme, models(("opus", 30)), query=f"{query}&{part(2)}")
    fact = UsageFact.objects.get()
    assert fact.sessions == 2
    totals = [sums(acme.api().get(f"/api/v1/batches/{n}").json()) for n in (1, second["batch"])]
    assert totals == [(1, 0, 0, 0, 0), (0, 0, 0, 0, 0)]


def test_each_part_counts_its_own_rows_and_errors(acme: Company) -> None:
    post(acme, row(BO), row(GHOST, interactions=-1), query=part(1), status=202)
    post(acme, row(BO), row(ADA, initiative="nothing"), row(ADA), query=part(2))
    first, second = ImportBatch.objects.order_by("number")
    assert (first.received, first.accepted, first.rejected, first.duplicate) == (2, 0, 1, 1)
    assert (second.received, second.accepted, second.rejected, second.duplicate) == (3, 2, 1, 0)
    assert [error.line for error in first.row_errors.all()] == [2]
    assert [error.line for error in second.row_errors.all()] == [2]


def test_parts_that_contradict_each_other_say_where(acme: Company) -> None:
    stated = NOW.isoformat()
    post(acme, row(as_of=stated), query=part(1), status=202)
    answer = post(acme, row(interactions=9, as_of=stated), query=part(2))
    assert sums(answer) == (0, 0, 0, 1, 0)
    assert answer["errors"][0]["message"].startswith("Line 1 of body 1 states")
    first = ImportBatch.objects.get(number=1)
    assert (first.rejected, first.row_errors.get().line) == (1, 1)


def test_one_bad_row_refuses_all_parts_of_a_strict_slice(acme: Company) -> None:
    strict = "&strict=true"
    post(acme, row(BO, interactions=-1), query=part(1, more=strict), status=202)
    answer = post(acme, row(ADA), query=part(2, more=strict), status=422)
    assert answer["code"] == "strict_mode"
    assert {batch.state for batch in ImportBatch.objects.all()} == {"refused"}
    assert ImportBatch.objects.get(number=1).row_errors.get().line == 1
    assert live() == []


def test_a_part_that_cannot_be_read_refuses_all_parts(acme: Company) -> None:
    post(acme, row(BO), query=part(1), status=202)
    answer = acme.api().post(
        f"/api/v1/usage?{part(2)}", data="day,day\n1,2\n", content_type="text/csv"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "duplicate_column")
    for batch in ImportBatch.objects.all():
        assert (batch.state, batch.problem_code) == ("refused", "duplicate_column")
    assert live() == []


def test_the_same_part_again_replays_before_and_after_the_merge(acme: Company) -> None:
    post(acme, row(BO), query=part(1), status=202)
    again = post(acme, row(BO), query=part(1), status=202)
    assert again["batch"] == 1
    done = post(acme, row(ADA), query=part(2))
    assert post(acme, row(ADA), query=part(2)) == done
    assert ImportBatch.objects.count() == 2


def test_a_part_with_another_body_is_a_conflict(acme: Company) -> None:
    post(acme, row(BO), query=part(1), status=202)
    answer = post(acme, row(ADA), query=part(1), status=409)
    assert (answer["code"], answer["field"]) == ("parts_differ", "part")


@pytest.mark.parametrize(
    "query",
    [
        part(2, of=3),
        part(2, more="&strict=true"),
        f"{FULL}&{part(2)}",
    ],
)
def test_parts_must_say_the_same_of_their_slice(acme: Company, query: str) -> None:
    first = f"initiative=copilot&{part(1)}"
    post(acme, row(BO), query=first, status=202)
    query = query if "initiative" in query else f"initiative=copilot&{query}"
    answer = post(acme, row(ADA), query=query, status=409)
    assert answer["code"] == "parts_differ"
    assert ImportBatch.objects.count() == 1


def test_a_part_behind_the_last_one_is_a_conflict(acme: Company) -> None:
    post(acme, row(BO), query=part(2, of=None, more="&last=true"), status=202)
    answer = post(acme, row(ADA), query=part(3, of=None), status=409)
    assert (answer["code"], answer["field"]) == ("parts_differ", "part")


def test_a_slice_that_is_done_takes_no_more_parts(acme: Company) -> None:
    post(acme, row(BO), query=part(1, of=1))
    assert post(acme, row(ADA), query=part(1, of=1), status=409)["code"] == "parts_differ"


def test_large_slices_are_left_to_the_worker(acme: Company, settings: Any) -> None:
    post(acme, row(BO), query=part(1), status=202)
    ImportBatch.objects.update(body_bytes=2**20)
    answer = post(acme, row(ADA), query=part(2), status=202)
    assert answer["waits_for"] == (
        f"This is part 2 of a slice that is worked off as batch {answer['batch']}."
    )
    job = JobRun.objects.get(kind="import")
    assert job.period == str(answer["batch"])
    assert work_off(batch=ImportBatch.objects.get(number=2), clock=lambda: NOW)
    assert {batch.state for batch in ImportBatch.objects.all()} == {"done"}


def test_a_slice_that_stays_incomplete_for_a_day_is_refused(acme: Company) -> None:
    post(acme, row(BO), query=part(1, of=3), status=202)
    post(acme, row(ADA), query=part(3, of=3), status=202)
    sweep_all(now=NOW + timedelta(hours=23))
    assert {batch.state for batch in ImportBatch.objects.all()} == {"received"}
    sweep_all(now=NOW + timedelta(hours=25))
    for batch in ImportBatch.objects.all():
        assert (batch.state, batch.problem_code) == ("refused", "slice_incomplete")
        assert "part 2 of this slice did not come" in batch.problem
    assert AuditEvent.objects.filter(action="usage.refused").count() == 2
    for number in (1, 2, 3):
        post(acme, row(BO), query=part(number, of=3), status=200 if number == 3 else 202)
    assert len(live()) == 1


def test_a_complete_slice_is_never_given_up(acme: Company) -> None:
    post(acme, row(BO), query=part(1), status=202)
    ImportBatch.objects.update(body_bytes=2**20)
    post(acme, row(ADA), query=part(2), status=202)
    sweep_all(now=NOW + timedelta(days=3))
    assert {batch.state for batch in ImportBatch.objects.all()} == {"received"}


def test_the_printed_lines_work_as_they_stand(acme: Company) -> None:
    text = Path("docs/formats/usage.md").read_text()
    section = text.partition("## Full slices")[2].partition("## Taking")[0]
    full, first, second = re.findall(r"/api/v1/usage\?([^\"]+)", section)
    make_initiative(key="support-replies", name="Support replies")
    ours = [row(who, initiative="support-replies") for who in (BO, ADA)]
    post(acme, *ours)
    assert post(acme, ours[0], query=full)["withdrawn"] == 1
    assert post(acme, ours[0], query=first, status=202)["waits_for"]
    assert sums(post(acme, ours[1], query=second)) == (0, 1, 0, 0, 0)
