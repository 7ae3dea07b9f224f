"""The page of one batch: how far it is, stopping it, taking it back, its refused rows."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.urls import reverse

from adoption.actions import usage
from adoption.models import UsageFact
from adoption.querysets import facts, staging
from organizations import scope
from organizations.actions import progress
from organizations.actions.batches import work_off
from organizations.calculations.jobs import BatchKind, BatchState, JobState
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, BatchChunk, ImportBatch, JobRun, RowError, Subject
from tests.adoption.figures import weeks_ago
from tests.builders import make_batch
from tests.cast import Company

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
DAY = weeks_ago(0)
HEAD = "initiative,subject,day,interactions\n"
ROWS = HEAD + "".join(f"copilot,login:p{n},{DAY},{n + 1}\n" for n in range(3))
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def lead(acme: Company):
    return acme.client(Role.PROGRAM_LEAD)


def waiting(acme: Company, body: str = ROWS, **more) -> ImportBatch:
    with scope.organization(acme.organization.pk):
        return make_batch(
            body, organization=acme.organization, kind=BatchKind.USAGE, now=NOW, **more
        )


def stored(acme: Company, batch: ImportBatch) -> tuple[str, str, int]:
    """State and code of the batch, and how many facts there are."""
    with scope.organization(acme.organization.pk):
        batch.refresh_from_db()
        return batch.state, batch.problem_code, UsageFact.objects.count()


def job_of(batch: ImportBatch) -> JobRun:
    return JobRun.unscoped.get(kind="import", period=str(batch.number))


def page(lead, batch: ImportBatch, **query: str) -> str:
    return lead.get(reverse("batch", args=[batch.number]), query).content.decode()


def press(lead, name: str, batch: ImportBatch) -> str:
    """A button of the page; what the next page says."""
    return lead.post(reverse(name, args=[batch.number]), follow=True).content.decode()


def beside(see: Callable[..., str], *args: object) -> str:
    """What somebody else sees meanwhile, through another connection to the database."""

    def seen() -> str:
        try:
            return see(*args)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(seen).result(timeout=30)


# --- progress -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_rows_read_are_shown_while_the_transaction_is_open(
    acme: Company, lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SHORT_BYTES", 0)
    batch, merge = waiting(acme), facts.merge
    with scope.organization(acme.organization.pk):
        chunk = BatchChunk.objects.get(batch=batch)
        BatchChunk.objects.create(batch=batch, number=1, body=chunk.body)
        ImportBatch.objects.filter(pk=batch.pk).update(body_bytes=2 * batch.body_bytes)
    seen: list[str] = []

    def watched(*, batch: ImportBatch) -> Iterator[bytes]:
        for block in progress.watched_body(batch=batch):
            yield block
            seen.append(beside(page, lead, batch))

    def merged(**kwargs: object) -> object:
        seen.append(beside(page, lead, batch))
        return merge(**kwargs)

    monkeypatch.setattr(usage, "watched_body", watched)
    monkeypatch.setattr(facts, "merge", merged)
    with scope.organization(acme.organization.pk):
        assert work_off(batch=ImportBatch.objects.get(), clock=lambda: NOW)
    nothing, half, whole = seen
    assert 'role="progressbar"' not in nothing
    assert 'aria-valuenow="50"' in half
    assert "4 lines read so far" in half
    assert 'aria-valuenow="100"' in whole
    assert "All of it is read, 8 lines" in whole
    assert 'role="progressbar"' not in page(lead, batch)


def test_a_batch_that_is_done_shows_no_progress(acme: Company, lead) -> None:
    batch = waiting(acme)
    with scope.organization(acme.organization.pk):
        assert work_off(batch=batch, clock=lambda: NOW)
    shown = page(lead, batch)
    assert 'role="progressbar"' not in shown
    assert "Cancel this batch" not in shown


# --- cancelling ---------------------------------------------------------------------------------
def test_a_waiting_batch_is_cancelled_and_never_worked_off(acme: Company, lead) -> None:
    batch = waiting(acme)
    assert "Cancel this batch" in page(lead, batch)
    assert "is cancelled. Nothing of it is stored." in press(lead, "batch_cancel", batch)
    assert job_of(batch).state == JobState.DONE
    with scope.organization(acme.organization.pk):
        assert not work_off(batch=batch, clock=lambda: LATER)
        assert AuditEvent.objects.filter(action="batch.cancelled").count() == 1
    assert stored(acme, batch) == ("refused", "cancelled", 0)
    assert "Somebody cancelled it" in page(lead, batch)


@pytest.mark.parametrize("when", ["while it is read", "when all is merged"])
def test_a_running_batch_is_cancelled_and_nothing_of_it_remains(
    acme: Company, lead, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    batch = waiting(acme)
    module, name = {
        "while it is read": (staging, "open_stage"),
        "when all is merged": (facts, "merge"),
    }[when]
    original = getattr(module, name)

    def stop(*args: object, **kwargs: object) -> object:
        # The button is pressed while the worker holds the job.
        with scope.organization(acme.organization.pk):
            ImportBatch.objects.filter(pk=batch.pk).update(
                state=BatchState.REFUSED, problem_code="cancelled"
            )
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, stop)
    with scope.organization(acme.organization.pk):
        assert not work_off(batch=batch, clock=lambda: NOW)
        assert not Subject.objects.exists()
        assert not RowError.objects.exists()
        assert not AuditEvent.objects.filter(action__startswith="usage.").exists()
    assert UsageFact.unscoped.count() == 0
    assert job_of(batch).state == JobState.DONE


@pytest.mark.django_db(transaction=True)
def test_the_button_reaches_a_worker_in_the_middle_of_its_transaction(
    acme: Company, lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, merge = waiting(acme), facts.merge

    def merge_while_somebody_cancels(**kwargs: object) -> object:
        assert "is cancelled" in beside(press, lead, "batch_cancel", batch)
        return merge(**kwargs)

    monkeypatch.setattr(facts, "merge", merge_while_somebody_cancels)
    with scope.organization(acme.organization.pk):
        assert not work_off(batch=batch, clock=lambda: NOW)
        assert not Subject.objects.exists()
    assert stored(acme, batch) == ("refused", "cancelled", 0)
    assert job_of(batch).state == JobState.DONE


def test_what_is_done_cannot_be_cancelled(acme: Company, lead) -> None:
    batch = waiting(acme)
    with scope.organization(acme.organization.pk):
        work_off(batch=batch, clock=lambda: NOW)
    assert "not being worked off any more" in press(lead, "batch_cancel", batch)
    assert stored(acme, batch) == ("done", "", 3)


def test_a_cancelled_file_can_be_sent_again(acme: Company, lead) -> None:
    press(lead, "batch_cancel", waiting(acme))
    again = waiting(acme)
    with scope.organization(acme.organization.pk):
        assert work_off(batch=again, clock=lambda: NOW)
    assert stored(acme, again) == ("done", "", 3)


@pytest.mark.parametrize("name", ["batch_cancel", "batch_undo"])
def test_buttons_of_the_twin_do_nothing_here(acme: Company, twin: Company, lead, name: str) -> None:
    batch = waiting(twin)
    assert lead.post(reverse(name, args=[batch.number])).status_code == 404
    member = twin.client(Role.MEMBER)
    assert member.post(reverse(name, args=[batch.number])).status_code == 403
    assert stored(twin, batch)[0] == "received"


# --- taking back --------------------------------------------------------------------------------
def test_a_batch_of_usage_is_taken_back_from_its_page(acme: Company, lead) -> None:
    batch = waiting(acme)
    with scope.organization(acme.organization.pk):
        work_off(batch=batch, clock=lambda: NOW)
    assert "Take this batch back" in page(lead, batch)
    assert f"Batch {batch.number} is taken back" in press(lead, "batch_undo", batch)
    assert stored(acme, batch) == ("undone", "", 0)
    shown = page(lead, batch)
    assert "Take this batch back" not in shown
    assert "can be taken back" in press(lead, "batch_undo", batch)


def test_who_may_not_send_usage_takes_none_back(acme: Company, lead) -> None:
    batch = waiting(acme)
    with scope.organization(acme.organization.pk):
        work_off(batch=batch, clock=lambda: NOW)
    administrator = acme.client(Role.ADMINISTRATOR)
    assert "Take this batch back" not in page(administrator, batch)
    url = reverse("batch_undo", args=[batch.number])
    assert administrator.post(url).status_code == 403
    assert stored(acme, batch) == ("done", "", 3)


# --- refused rows -------------------------------------------------------------------------------
def test_refused_rows_are_filtered_by_their_problem(acme: Company, lead) -> None:
    body = HEAD + f"other,login:a,{DAY},1\ncopilot,login:b,{DAY},-1\nother,login:c,{DAY},1\n"
    batch = waiting(acme, body)
    with scope.organization(acme.organization.pk):
        work_off(batch=batch, clock=lambda: NOW)

    def lines(code: str) -> list[int]:
        answer = lead.get(reverse("batch", args=[batch.number]), {"code": code})
        return [error.line for error in answer.context["report"].errors]

    assert lines("") == [2, 3, 4]
    assert lines("unknown_initiative") == [2, 4]
    assert lines("negative") == [3]
    assert lines("nonsense") == [2, 3, 4]
    assert "3 rows were refused" in page(lead, batch, code="negative")
    assert "unknown_initiative, 2 rows" in page(lead, batch)


def test_a_strict_batch_keeps_its_refused_rows_and_nothing_else(acme: Company, lead) -> None:
    batch = waiting(acme, ROWS + f"other,login:a,{DAY},1\n", strict=True)
    with scope.organization(acme.organization.pk):
        work_off(batch=batch, clock=lambda: NOW)
    shown = page(lead, batch)
    assert "Strict mode: a row was refused" in shown
    assert "1 row was refused" in shown
    assert stored(acme, batch) == ("refused", "strict_mode", 0)
