"""Who answers for a key is told: failed imports, silence, the end of a key, a key in an address."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from organizations import scope
from organizations.actions import jobs
from organizations.actions.batches import work_off
from organizations.actions.key_watch import EXPIRING, FAILED, LEAKED, STALE, in_order, watch_keys
from organizations.actions.keys import NewKey, change_key, create_key, revoke_key, rotate_key
from organizations.calculations.actor import SYSTEM
from organizations.calculations.choices import ItemState
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.calculations.roles import Role, Scope
from organizations.models import ApiKey, AuditEvent, ImportBatch, Mail, Membership, QueueItem, User
from organizations.registry import queue_kinds
from tests.builders import make_batch
from tests.cast import Company

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HEADER = "initiative,subject,day,surface,interactions\n"
GOOD = "copilot,email:bo.chen@acme.test,2026-10-05,chat,3\n"
BAD = "copilot,email:bo.chen@acme.test,yesterday,chat,3\n"


def key_of(
    company: Company, *, owner: User | None = None, name: str = "Copilot export", **more: object
) -> NewKey:
    return create_key(
        organization_id=company.organization.pk,
        name=name,
        scopes=[Scope.INGEST_USAGE],
        actor=SYSTEM,
        owner=owner,
        **{"now": NOW, **more},  # type: ignore[arg-type]
    )


def send(key: NewKey, body: str, *, more: str = "") -> int:
    """Post usage with a key and return the status."""
    client = Client(headers={"Authorization": f"Bearer {key.text}"})
    with scope.opened():
        return client.post(f"/api/v1/usage{more}", body, content_type="text/csv").status_code


def open_items(kind: str) -> list[QueueItem]:
    return list(QueueItem.objects.filter(kind=kind, state=ItemState.OPEN.value).order_by("pk"))


@pytest.fixture
def lead(in_acme: Company) -> User:
    return in_acme.users[Role.PROGRAM_LEAD]


@pytest.fixture
def at_now():  # type: ignore[no-untyped-def]
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


# --- imports ------------------------------------------------------------------------------------
def test_a_batch_with_many_refused_rows_is_put_before_the_owner(
    in_acme: Company, lead: User, at_now: object
) -> None:
    key = key_of(in_acme, owner=lead)
    assert send(key, HEADER + GOOD + BAD) == 200

    [item] = open_items(FAILED)
    assert item.owner == lead
    assert "1 of 2 rows" in item.title
    batch = ImportBatch.objects.latest("number")
    assert item.url == f"/data/batches/{batch.number}/"


def test_a_later_good_batch_of_the_source_settles_it_whoever_sent_it(
    in_acme: Company, lead: User, at_now: object
) -> None:
    send(key_of(in_acme, owner=lead), HEADER + BAD)
    assert open_items(FAILED)
    send(key_of(in_acme, name="Another"), HEADER + GOOD)
    assert open_items(FAILED) == []
    assert "is fine" in QueueItem.objects.get(kind=FAILED).outcome


def test_failing_again_renews_the_words_and_adds_no_second_item(
    in_acme: Company, lead: User, at_now: object
) -> None:
    key = key_of(in_acme, owner=lead)
    send(key, HEADER + BAD)
    send(key, HEADER + BAD + BAD)
    [item] = open_items(FAILED)
    assert "2 of 2 rows" in item.title


def test_a_refused_batch_is_told_of(in_acme: Company, lead: User, at_now: object) -> None:
    assert send(key_of(in_acme, owner=lead), HEADER + BAD, more="?strict=true") == 422
    [item] = open_items(FAILED)
    assert "was refused" in item.title


def test_a_dead_batch_is_told_of_once(in_acme: Company, lead: User, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    key = key_of(in_acme, owner=lead)
    batch = make_batch(HEADER + GOOD, organization=in_acme.organization, kind=BatchKind.USAGE)
    ImportBatch.objects.filter(pk=batch.pk).update(api_key=key.key)
    batch.refresh_from_db()
    monkeypatch.setattr(jobs, "MAX_ATTEMPTS", 0)
    for _ in range(2):
        assert not work_off(batch=batch, clock=lambda: NOW)
    [item] = open_items(FAILED)
    assert f"batch {batch.number} could not be worked off" in item.title


def test_an_upload_by_hand_waits_for_nobody(in_acme: Company) -> None:
    batch = make_batch(HEADER + BAD, organization=in_acme.organization, kind=BatchKind.USAGE)
    assert work_off(batch=batch, clock=lambda: NOW)
    assert open_items(FAILED) == []


@pytest.mark.parametrize(
    ("received", "rejected", "state", "fine"),
    [
        (10, 1, BatchState.DONE, True),
        (10, 2, BatchState.DONE, False),
        (0, 0, BatchState.DONE, True),
        (0, 0, BatchState.REFUSED, False),
        (0, 0, BatchState.DEAD, False),
    ],
)
def test_up_to_a_tenth_of_refused_rows_is_fine(
    received: int, rejected: int, state: BatchState, fine: bool
) -> None:
    batch = ImportBatch(received=received, rejected=rejected, state=state.value)
    assert in_order(batch=batch) is fine


# --- whom -----------------------------------------------------------------------------------------
def test_without_an_owner_who_made_the_key_is_told_and_then_the_leads(
    in_acme: Company, lead: User, at_now: object
) -> None:
    send(key_of(in_acme, created_by=lead), HEADER + BAD)
    [item] = open_items(FAILED)
    assert item.owner == lead
    item.delete()

    Membership.objects.filter(user=lead).update(until=NOW.date() - timedelta(days=1))
    send(key_of(in_acme, name="Other", created_by=lead), HEADER + BAD + BAD)
    [item] = open_items(FAILED)
    assert (item.owner, item.role) == (None, Role.PROGRAM_LEAD)


# --- silence --------------------------------------------------------------------------------------
def test_a_quiet_sender_is_told_of_and_settled_when_rows_arrive(
    in_acme: Company, lead: User, at_now
) -> None:  # type: ignore[no-untyped-def]
    key = key_of(in_acme, owner=lead, stale_after_days=3)
    ApiKey.objects.filter(pk=key.key.pk).update(created_at=NOW)
    send(key, HEADER + GOOD)
    organization_id = in_acme.organization.pk
    watch_keys(organization_id=organization_id, now=NOW + timedelta(days=3))
    assert open_items(STALE) == []

    later = NOW + timedelta(days=3, hours=1)
    watch_keys(organization_id=organization_id, now=later)
    [item] = open_items(STALE)
    assert (item.owner, "3 days" in item.title) == (lead, True)
    assert ApiKey.objects.get(pk=key.key.pk).noticed_stale_on == later.date()

    at_now.move_to(later)
    send(key, HEADER + BAD)
    assert len(open_items(STALE)) == 1
    send(key, HEADER + GOOD + GOOD.replace("10-05", "10-06"))
    assert open_items(STALE) == []


def test_a_key_that_never_sent_is_quiet_from_its_making_on(in_acme: Company, lead: User) -> None:
    key = key_of(in_acme, owner=lead, stale_after_days=1)
    ApiKey.objects.filter(pk=key.key.pk).update(created_at=NOW)
    watch_keys(organization_id=in_acme.organization.pk, now=NOW + timedelta(days=2))
    assert [item.object_id for item in open_items(STALE)] == [str(key.key.public_id)]


def test_a_key_without_a_span_is_never_quiet(in_acme: Company) -> None:
    key_of(in_acme)
    watch_keys(organization_id=in_acme.organization.pk, now=NOW + timedelta(days=300))
    assert open_items(STALE) == []


# --- the end --------------------------------------------------------------------------------------
def test_the_owner_is_told_fourteen_days_before_a_key_ends(in_acme: Company, lead: User) -> None:
    key = key_of(in_acme, owner=lead, lifetime=timedelta(days=30))
    organization_id = in_acme.organization.pk
    watch_keys(organization_id=organization_id, now=NOW + timedelta(days=15))
    assert open_items(EXPIRING) == []
    for day in (16, 17):
        watch_keys(organization_id=organization_id, now=NOW + timedelta(days=day))
    [item] = open_items(EXPIRING)
    assert (item.owner, item.due_on) == (lead, key.key.expires_on)

    watch_keys(organization_id=organization_id, now=NOW + timedelta(days=31))
    assert open_items(EXPIRING) == []


@pytest.mark.parametrize("act", ["rotate", "revoke", "change"])
def test_what_is_done_about_a_key_settles_it(in_acme: Company, lead: User, act: str) -> None:
    key = key_of(in_acme, owner=lead, lifetime=timedelta(days=10)).key
    watch_keys(organization_id=in_acme.organization.pk, now=NOW)
    assert open_items(EXPIRING)
    if act == "rotate":
        rotate_key(key=key, overlap=timedelta(days=7), by=lead, actor=SYSTEM, now=NOW)
    elif act == "revoke":
        revoke_key(key=key, actor=SYSTEM, now=NOW)
    else:
        change_key(key=key, owner=None, stale_after_days=None, actor=SYSTEM, now=NOW)
    assert open_items(EXPIRING) == []


def test_a_replaced_key_may_end_in_silence(in_acme: Company, lead: User) -> None:
    key = key_of(in_acme, owner=lead, stale_after_days=1).key
    rotate_key(key=key, overlap=timedelta(days=7), by=lead, actor=SYSTEM, now=NOW)
    ApiKey.objects.exclude(follows=None).update(stale_after_days=None)
    watch_keys(organization_id=in_acme.organization.pk, now=NOW + timedelta(days=3))
    assert open_items(EXPIRING) == open_items(STALE) == []


# --- leaks ----------------------------------------------------------------------------------------
def test_a_key_in_an_address_is_revoked_recorded_and_told(in_acme: Company, lead: User) -> None:
    key = key_of(in_acme, owner=lead, now=datetime.now(UTC))
    with scope.opened():
        answer = Client().get("/api/v1/anything", {"q": f"Bearer {key.text}", "also": "x"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "key_in_address"
    assert key.text not in answer.content.decode()
    assert ApiKey.objects.get(pk=key.key.pk).revoked_at is not None
    acts = AuditEvent.objects.filter(object_id=str(key.key.public_id)).order_by("sequence")
    assert [event.action for event in acts] == ["key.created", "key.revoked", "key.leaked"]
    [item] = open_items(LEAKED)
    assert item.owner == lead
    mail = Mail.objects.get(kind=LEAKED)
    assert (mail.user, key.text in mail.subject) == (lead, False)


@pytest.mark.parametrize("query", ["k={0}&k=x", "{0}=1", "a=x%20{0}"])
def test_wherever_in_the_parameters_it_stands(in_acme: Company, query: str) -> None:
    key = key_of(in_acme, now=datetime.now(UTC))
    with scope.opened():
        answer = Client().get(f"/api/v1/batches?{query.format(key.text)}")
    assert answer.status_code == 400
    assert ApiKey.objects.get(pk=key.key.pk).revoked_at is not None


def test_a_key_that_was_never_one_gets_the_same_answer_and_revokes_nothing(
    in_acme: Company,
) -> None:
    key = key_of(in_acme, now=datetime.now(UTC))
    wrong = key.text[:-1] + ("A" if key.text[-1] != "A" else "B")
    with scope.opened():
        answers = [Client().get("/api/v1/batches", {"k": text}) for text in (wrong, key.text)]
    assert answers[0].content == answers[1].content
    assert AuditEvent.objects.filter(action="key.leaked").count() == 1


def test_a_wrong_secret_revokes_nothing(in_acme: Company) -> None:
    key = key_of(in_acme, now=datetime.now(UTC))
    wrong = key.text[:-1] + ("A" if key.text[-1] != "A" else "B")
    with scope.opened():
        Client().get("/api/v1/batches", {"k": wrong})
    assert ApiKey.objects.get(pk=key.key.pk).revoked_at is None


def test_every_kind_of_item_has_a_group_in_the_queue() -> None:
    assert {EXPIRING, FAILED, LEAKED, STALE} <= set(queue_kinds)
