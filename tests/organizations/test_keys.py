"""API keys (SECURITY R9 to R11, R18)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from organizations import scope
from organizations.actions.keys import (
    BadKeyRequest,
    KeyRefused,
    authenticate,
    create_key,
    revoke_key,
)
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Scope
from organizations.errors import Conflict
from organizations.models import ApiKey, AuditEvent
from tests.builders import make_key
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
