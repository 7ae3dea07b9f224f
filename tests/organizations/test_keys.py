"""API keys (SECURITY R9 to R11, R18)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from organizations import scope
from organizations.actions.keys import (
    BadKeyRequest,
    KeyRefused,
    NewKey,
    authenticate,
    change_key,
    count_request,
    create_key,
    fold_minutes,
    revoke_key,
    rotate_key,
)
from organizations.actions.queue import NotAMember
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role, Scope
from organizations.errors import Conflict
from organizations.models import ApiKey, AuditEvent, KeyDay
from organizations.reports.keys import days_of_use
from tests.builders import make_key, make_user
from tests.cast import Company

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def test_the_secret_is_nowhere_in_the_database(in_acme: Company) -> None:
    new = make_key(organization=in_acme.organization, name="Copilot export")
    secret = new.text.split("_", 2)[2]
    stored = ApiKey.objects.get(pk=new.key.pk)
    assert secret not in repr(stored.__dict__)
    assert not AuditEvent.objects.filter(changes__icontains=secret).exists()


def test_a_key_is_found_by_its_text(in_acme: Company) -> None:
    new = make_key(organization=in_acme.organization, name="Copilot export", now=NOW)
    assert authenticate(text=new.text, now=NOW) == new.key


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: "", lambda t: "lm_x_y"]
)
def test_a_wrong_text_is_refused(in_acme: Company, spoil) -> None:  # type: ignore[no-untyped-def]
    new = make_key(organization=in_acme.organization, name="Copilot export", now=NOW)
    with pytest.raises(KeyRefused):
        authenticate(text=spoil(new.text), now=NOW)


def test_a_key_ends_after_its_last_day(in_acme: Company) -> None:
    new = make_key(organization=in_acme.organization, name="Copilot export", now=NOW)
    authenticate(text=new.text, now=NOW + timedelta(days=365))
    with pytest.raises(KeyRefused):
        authenticate(text=new.text, now=NOW + timedelta(days=366))


def test_a_revoked_key_is_refused_at_once_and_once(in_acme: Company) -> None:
    new = make_key(organization=in_acme.organization, name="Copilot export", now=NOW)
    assert revoke_key(key=new.key, actor=SYSTEM, now=NOW)
    assert not revoke_key(key=new.key, actor=SYSTEM, now=NOW)
    with pytest.raises(KeyRefused):
        authenticate(text=new.text, now=NOW)


def test_a_key_wants_a_scope_a_name_of_its_own_and_a_life(in_acme: Company) -> None:
    arguments = {
        "organization_id": in_acme.organization.pk,
        "name": "Other",
        "scopes": [Scope.INGEST_USAGE],
        "actor": SYSTEM,
        "now": NOW,
    }
    with pytest.raises(BadKeyRequest):
        create_key(**arguments | {"scopes": []})
    with pytest.raises(BadKeyRequest):
        create_key(**arguments | {"lifetime": timedelta(days=366)})
    with pytest.raises(Conflict):
        create_key(**arguments | {"name": "Nightly export"})


def test_unknown_expired_and_revoked_keys_get_the_same_answer(acme: Company) -> None:
    with scope.organization(acme.organization.pk):
        revoked = make_key(organization=acme.organization, name="Gone", now=datetime.now(UTC))
        revoke_key(key=revoked.key, actor=SYSTEM, now=datetime.now(UTC))
    answers = [
        Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/batches")
        for text in (revoked.text, "lm_AAAAAAAAAA_" + "a" * 43, "nonsense")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0]["WWW-Authenticate"].startswith("Bearer")


def test_a_key_in_the_address_is_refused_and_revoked(acme: Company) -> None:
    answer = Client().get("/api/v1/batches", {"key": acme.key})
    assert answer.status_code == 400
    assert acme.api().get("/api/v1/batches").status_code == 401


def test_a_scope_grants_only_itself(acme: Company) -> None:
    with scope.organization(acme.organization.pk):
        new = make_key(
            organization=acme.organization,
            name="Reader",
            scopes=[Scope.READ_ADOPTION],
            now=datetime.now(UTC),
        )
    answer = Client(headers={"Authorization": f"Bearer {new.text}"}).post(
        "/api/v1/usage", data=b"{}", content_type="application/x-ndjson"
    )
    assert answer.status_code == 403
    assert "ingest:usage" in answer.json()["detail"]


def test_requests_beyond_the_limit_are_told_when_to_come_back(acme: Company, settings) -> None:  # type: ignore[no-untyped-def]
    settings.KEY_REQUESTS_PER_MINUTE = 2
    api = acme.api()
    with time_machine.travel(datetime.now(UTC).replace(second=10), tick=False):
        statuses = [api.get("/api/v1/batches").status_code for _ in range(3)]
        last = api.get("/api/v1/batches")
    assert statuses == [200, 200, 429]
    assert last["Retry-After"]


# --- replacing ----------------------------------------------------------------------------------
def replaced(company: Company, *, days: int, **more: object) -> tuple[NewKey, NewKey]:
    old = create_key(
        organization_id=company.organization.pk,
        name="Copilot export",
        scopes=[Scope.INGEST_USAGE, Scope.READ_BATCHES],
        actor=SYSTEM,
        now=NOW,
        **more,  # type: ignore[arg-type]
    )
    ApiKey.objects.filter(pk=old.key.pk).update(created_at=NOW)
    new = rotate_key(
        key=old.key,
        overlap=timedelta(days=days),
        by=company.users[Role.PROGRAM_LEAD],
        actor=SYSTEM,
        now=NOW,
    )
    old.key.refresh_from_db()
    return old, new


def test_a_new_key_takes_over_all_that_the_old_one_was(in_acme: Company) -> None:
    lead = in_acme.users[Role.PROGRAM_LEAD]
    old, new = replaced(
        in_acme,
        days=7,
        pinned_source="canonical",
        pinned_initiative="copilot",
        owner=lead,
        stale_after_days=3,
        lifetime=timedelta(days=90),
    )
    for name in ("scopes", "pinned_source", "pinned_initiative", "owner", "stale_after_days"):
        assert getattr(new.key, name) == getattr(old.key, name), name
    assert (new.key.name, new.key.follows) == ("Copilot export", old.key)
    assert "old" in old.key.name
    assert new.key.expires_on == NOW.date() + timedelta(days=90)
    assert old.key.expires_on == NOW.date() + timedelta(days=7)
    acts = AuditEvent.objects.filter(action="key.rotated")
    assert [event.object_id for event in acts] == [str(old.key.public_id)]


def test_both_keys_work_until_the_old_one_ends(in_acme: Company) -> None:
    old, new = replaced(in_acme, days=7)
    authenticate(text=old.text, now=NOW + timedelta(days=7))
    authenticate(text=new.text, now=NOW + timedelta(days=8))
    with pytest.raises(KeyRefused):
        authenticate(text=old.text, now=NOW + timedelta(days=8))


def test_without_an_overlap_the_old_key_ends_at_once(in_acme: Company) -> None:
    old, new = replaced(in_acme, days=0)
    assert authenticate(text=new.text, now=NOW) == new.key
    with pytest.raises(KeyRefused):
        authenticate(text=old.text, now=NOW)


def test_replacing_never_prolongs_the_old_key(in_acme: Company) -> None:
    old, _ = replaced(in_acme, days=30, lifetime=timedelta(days=5))
    assert old.key.expires_on == NOW.date() + timedelta(days=5)


def test_a_key_is_replaced_once_while_it_lives_and_for_thirty_days_at_most(
    in_acme: Company,
) -> None:
    old, new = replaced(in_acme, days=7)
    arguments = {"by": in_acme.users[Role.PROGRAM_LEAD], "actor": SYSTEM, "now": NOW}
    with pytest.raises(Conflict, match="before"):
        rotate_key(key=old.key, overlap=timedelta(days=7), **arguments)
    with pytest.raises(BadKeyRequest):
        rotate_key(key=new.key, overlap=timedelta(days=31), **arguments)
    revoke_key(key=new.key, actor=SYSTEM, now=NOW)
    with pytest.raises(Conflict, match="over"):
        rotate_key(key=new.key, overlap=timedelta(days=7), **arguments)


def test_only_a_member_is_told_of_a_key(in_acme: Company) -> None:
    stranger = make_user(email="stranger@elsewhere.test")
    key = ApiKey.objects.get()
    with pytest.raises(NotAMember):
        change_key(key=key, owner=stranger, stale_after_days=None, actor=SYSTEM, now=NOW)
    with pytest.raises(BadKeyRequest):
        change_key(key=key, owner=None, stale_after_days=0, actor=SYSTEM, now=NOW)
    lead = in_acme.users[Role.PROGRAM_LEAD]
    assert change_key(key=key, owner=lead, stale_after_days=2, actor=SYSTEM, now=NOW)
    key.refresh_from_db()
    assert not change_key(key=key, owner=lead, stale_after_days=2, actor=SYSTEM, now=NOW)
    assert AuditEvent.objects.filter(action="key.changed").count() == 1


def test_another_process_refuses_a_revoked_key_in_the_same_second(acme: Company) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False):
        api = acme.api()
        assert api.get("/api/v1/batches").status_code == 200
        with scope.organization(acme.organization.pk):
            revoke_key(key=ApiKey.objects.get(), actor=SYSTEM, now=datetime.now(UTC))
        assert api.get("/api/v1/batches").status_code == 401
        assert acme.api().get("/api/v1/batches").status_code == 401


# --- counting -----------------------------------------------------------------------------------
def test_every_request_is_counted_on_its_day_and_its_network_is_cut(acme: Company) -> None:
    api = acme.api()
    start = datetime(2026, 11, 2, 23, 59, 30, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as at:
        for _ in range(3):
            api.get("/api/v1/batches", REMOTE_ADDR="203.0.113.77")
        at.shift(60)
        api.get("/api/v1/batches", REMOTE_ADDR="2001:db8:1:2::9")
    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get()
        before = days_of_use(key=key, now=start + timedelta(hours=4))
        assert fold_minutes(before=start + timedelta(hours=3)) == 2
        assert fold_minutes(before=start + timedelta(hours=3)) == 0
        after = days_of_use(key=key, now=start + timedelta(hours=4))
        stored = list(KeyDay.objects.order_by("day").values_list("day", "requests", "network"))
    assert before == after
    assert stored == [
        (start.date(), 3, "203.0.113.0/24"),
        (start.date() + timedelta(days=1), 1, "2001:db8:1::/48"),
    ]


def test_a_busy_minute_writes_the_network_once(acme: Company, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with scope.organization(acme.organization.pk):
        key = ApiKey.objects.get()
        now = datetime.now(UTC).replace(second=5)
        count_request(key=key, now=now, network="203.0.113.0/24")
        key.refresh_from_db()
        with django_assert_num_queries(1):
            count_request(key=key, now=now, network="203.0.113.0/24")
