"""What upper floors register: once, in order, and what happens when one of them fails."""

from datetime import UTC, date, datetime

import pytest

from organizations import registry
from organizations.actions import jobs
from organizations.actions.jobs import Lease
from organizations.calculations.jobs import JobState
from organizations.models import JobRun
from organizations.registry import Deliverable, Evidence, Proof, Step
from sprints import tasks
from sprints.refresh.run import refresh_night
from sprints.reports import deliverables_of
from tests.cast import Company

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = NOW.date()


@pytest.fixture(autouse=True)
def own_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "night_steps", [])
    monkeypatch.setattr("sprints.refresh.run.night_steps", registry.night_steps)


def step(name: str, order: int, ran: list[str]) -> Step:
    def run(*, organization_id: int, now: datetime) -> int:
        ran.append(name)
        return 1

    return Step(name=name, order=order, run=run)


def lease_of(company: Company) -> Lease:
    jobs.add_job(
        organization_id=company.organization.pk, kind="night", period=DAY.isoformat(), now=NOW
    )
    job = JobRun.objects.get(kind="night")
    job.state, job.attempt = JobState.RUNNING, 1
    job.token = company.organization.public_id
    job.save()
    return Lease(job_id=job.pk, token=job.token, attempt=1)


def test_steps_of_the_night_run_in_order_and_each_once(in_acme: Company) -> None:
    ran: list[str] = []
    for one in (step("late", 900, ran), step("early", 5, ran), step("late", 1, ran)):
        registry.register_night_step(one)
    done = refresh_night(
        organization_id=in_acme.organization.pk,
        day=DAY,
        now=NOW,
        lease=lease_of(in_acme),
        clock=lambda: NOW,
    )
    assert ran == ["early", "late"]
    assert [one.rows for one in done if one.name in ran] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_step_that_fails_leaves_the_job_to_another_try(in_acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    time_machine.move_to(NOW, tick=False)
    ran: list[str] = []

    def fail(*, organization_id: int, now: datetime) -> int:
        raise OSError("the disk is away")

    registry.register_night_step(Step(name="broken", order=1, run=fail))
    registry.register_night_step(step("after", 2, ran))
    organization_id = in_acme.organization.pk
    jobs.add_job(organization_id=organization_id, kind="night", period=DAY.isoformat(), now=NOW)
    tasks.nights(organization_id)
    job = JobRun.objects.get(kind="night")
    assert (job.state, job.attempt, job.error) == (JobState.WAITING, 1, "OSError")
    assert ran == []


def test_a_deliverable_says_what_its_app_can_prove(
    in_acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prove(*, organization_id: int, today: date) -> Evidence:
        assert organization_id == in_acme.organization.pk
        return Evidence(proof=Proof.PARTLY, sentence="2 of 3 gates route cases", url="/gates/")

    monkeypatch.setattr(registry, "deliverables", {})
    monkeypatch.setattr("sprints.reports.deliverables", registry.deliverables)
    for key, phase, order in (("b", 2, 1), ("a", 2, 0), ("c", 1, 9)):
        registry.register_deliverable(
            Deliverable(key=key, phase=phase, order=order, title=key, prove=prove)
        )
    found = deliverables_of(organization_id=in_acme.organization.pk, today=DAY)
    assert [one.deliverable.key for one in found] == ["c", "a", "b"]
    assert {one.evidence.proof for one in found} == {Proof.PARTLY}


def test_nothing_is_claimed_of_a_deliverable_whose_app_is_not_there(in_acme: Company) -> None:
    known = set(registry.deliverables)
    found = deliverables_of(organization_id=in_acme.organization.pk, today=DAY)
    assert {one.deliverable.key for one in found} == known
