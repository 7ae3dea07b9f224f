"""What all batches share: one transaction, one lease, sums that add up, errors that stay."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from organizations import scope
from organizations.actions import jobs
from organizations.actions.rows import Counts, Outcome, close_batch, settle, store_errors
from organizations.calculations.jobs import BatchKind, BatchState, JobState
from organizations.errors import LeaseLost
from organizations.models import AuditEvent, Department, JobRun
from organizations.sources.reading import BodyCode, Code, EnvelopeError, RowError
from tests.builders import NOW, make_batch, make_organization

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
ERROR = RowError(3, "email", Code.BAD_EMAIL, "Not an e-mail address.", "x" * 40)


@pytest.fixture
def batch():
    organization = make_organization()
    with scope.organization(organization.pk):
        yield make_batch("x\n", organization=organization, kind=BatchKind.PEOPLE)


def claim(batch, now=NOW):
    return jobs.claim(
        organization_id=batch.organization_id, kind="import", period=str(batch.number), now=now
    )


def test_work_its_sums_its_errors_and_the_end_of_the_job_are_one(batch):
    counts = Counts(accepted=2, rejected=1, lines=3, lines_rejected=1)

    def work():
        Department.objects.create(key="Made", name="Made")
        return Outcome(counts=counts, errors=[ERROR], warnings=["w" * 500])

    settle(batch=batch, lease=claim(batch), clock=lambda: LATER, work=work)
    batch.refresh_from_db()
    assert (batch.state, batch.received, batch.finished_at) == (BatchState.DONE, 3, LATER)
    assert [len(text) for text in batch.warnings] == [400]
    assert batch.row_errors.get().code == "bad_email"
    assert JobRun.objects.get(kind="import").state == JobState.DONE
    assert Department.objects.exists()


def test_a_worker_whose_lease_was_taken_over_writes_nothing(batch):
    stale = claim(batch)
    claim(batch, now=LATER)

    def work():
        raise AssertionError("never asked")

    with pytest.raises(LeaseLost):
        settle(batch=batch, lease=stale, clock=lambda: LATER, work=work)
    assert not AuditEvent.objects.filter(action="people.imported").exists()


def test_a_late_worker_does_not_reopen_a_finished_batch(batch):
    stale = claim(batch)
    fresh = claim(batch, now=LATER)
    done = Outcome(counts=Counts())
    settle(batch=batch, lease=fresh, clock=lambda: LATER, work=lambda: done)
    with pytest.raises(LeaseLost):
        settle(batch=batch, lease=stale, clock=lambda: LATER, work=lambda: done)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE


@pytest.mark.parametrize("strict", [True, False])
def test_strict_mode_takes_back_what_was_written_and_keeps_the_errors(batch, strict):
    batch.strict = strict

    def work():
        Department.objects.create(key="Made", name="Made")
        return Outcome(counts=Counts(accepted=1, rejected=1, lines=2), errors=[ERROR])

    settle(batch=batch, lease=claim(batch), clock=lambda: LATER, work=work)
    batch.refresh_from_db()
    assert batch.row_errors.count() == 1
    assert batch.lines == 2
    assert Department.objects.exists() is not strict
    assert (batch.state, batch.received) == (
        (BatchState.REFUSED, 0) if strict else (BatchState.DONE, 2)
    )


def test_a_body_that_cannot_be_read_half_way_leaves_nothing(batch):
    def work():
        Department.objects.create(key="Made", name="Made")
        raise EnvelopeError(BodyCode.TOO_MANY_ROWS, "Too many rows.")

    settle(batch=batch, lease=claim(batch), clock=lambda: LATER, work=work)
    batch.refresh_from_db()
    assert (batch.state, batch.problem_code) == (BatchState.REFUSED, "too_many_rows")
    assert not Department.objects.exists()
    assert AuditEvent.objects.get(action="people.refused").changes == {"code": "too_many_rows"}


def test_a_fault_leaves_the_job_to_the_next_try(batch):
    def work():
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        settle(batch=batch, lease=claim(batch), clock=lambda: LATER, work=work)
    assert JobRun.objects.get(kind="import").state == JobState.RUNNING
    assert not batch.row_errors.exists()


def test_errors_are_numbered_from_where_the_last_ones_ended(batch):
    assert store_errors(batch=batch, errors=[ERROR, ERROR]) == 2
    assert store_errors(batch=batch, errors=iter([ERROR]), first=2) == 3
    assert list(batch.row_errors.order_by("number").values_list("number", flat=True)) == [0, 1, 2]


def test_the_database_refuses_sums_that_do_not_add_up(batch):
    class Wrong(Counts):
        received = 5

    with pytest.raises(IntegrityError, match="batch_adds_up"), transaction.atomic():
        close_batch(batch=batch, counts=Wrong(accepted=1), now=LATER)
