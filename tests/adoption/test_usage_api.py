"""POST /api/v1/usage (SECURITY 6, 8): the envelope, the answer, the limits."""

import gzip
import json

import pytest
from django.test import Client

from adoption.models import UsageFact
from organizations import scope
from organizations.models import ImportBatch, JobRun
from tests.cast import Company

NDJSON = "application/x-ndjson"
ROW = {
    "initiative": "copilot",
    "subject": "email:bo.chen@acme.test",
    "day": "2026-10-06",
    "surface": "chat",
    "interactions": 11,
}


def post(api: Client, body: object = ROW, path: str = "/api/v1/usage", **more: object):  # type: ignore[no-untyped-def]
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = {"content_type": NDJSON} | more
    return api.post(path, data=data, **more)


def test_a_posted_row_is_answered_with_its_sums(acme: Company) -> None:
    answer = post(acme.api())
    body = answer.json()
    assert answer.status_code == 200
    assert (body["received"], body["accepted"], body["rejected"]) == (1, 1, 0)
    assert body["state"] == "done"
    assert acme.api().get(body["address"]).json()["accepted"] == 1


@pytest.mark.parametrize("path", ["/api/v1/usage", "/api/v1/usage/"])
def test_the_address_works_with_and_without_a_slash(acme: Company, path: str) -> None:
    assert post(acme.api(), path=path).status_code == 200


def test_the_same_key_and_body_replay_the_first_answer(acme: Company) -> None:
    headers = {"Idempotency-Key": "night-1"}
    first = post(acme.api(), headers=headers)
    again = post(acme.api(), headers=headers)
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    with scope.organization(acme.organization.pk):
        assert ImportBatch.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(acme: Company) -> None:
    headers = {"Idempotency-Key": "night-1"}
    post(acme.api(), headers=headers)
    answer = post(acme.api(), ROW | {"interactions": 3}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"


def test_the_key_of_another_organization_is_another_key(acme: Company, twin: Company) -> None:
    headers = {"Idempotency-Key": "night-1"}
    post(acme.api(), headers=headers)
    answer = post(twin.api(), ROW | {"interactions": 3}, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["batch"] == 1


def test_a_large_body_is_kept_and_answered_at_once(acme: Company, settings) -> None:  # type: ignore[no-untyped-def]
    settings.ROWS_BEFORE_ANSWER = 2
    rows = b"\n".join(
        json.dumps(ROW | {"subject": f"email:p{n}@acme.test"}).encode() for n in range(9)
    )
    answer = post(acme.api(), rows)
    assert answer.status_code == 202
    assert answer["Location"] == answer.json()["address"]
    assert acme.api().get(answer["Location"]).json()["state"] == "received"
    with scope.organization(acme.organization.pk):
        assert JobRun.objects.get(kind="import").state == "waiting"


def test_a_sender_may_ask_not_to_wait(acme: Company) -> None:
    assert post(acme.api(), headers={"Prefer": "respond-async"}).status_code == 202


def test_gzip_is_taken(acme: Company) -> None:
    body = gzip.compress(json.dumps(ROW).encode())
    assert post(acme.api(), body, headers={"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "more", "status", "code"),
    [
        (b"{}", {"content_type": "application/xml"}, 415, "unsupported_media_type"),
        (b"{}", {"headers": {"Content-Encoding": "br"}}, 415, "unsupported_media_type"),
        (b"not gzip", {"headers": {"Content-Encoding": "gzip"}}, 400, "bad_envelope"),
        (
            gzip.compress(b"{}") + b"more",
            {"headers": {"Content-Encoding": "gzip"}},
            400,
            "bad_envelope",
        ),
        (gzip.compress(b"{}")[:-4], {"headers": {"Content-Encoding": "gzip"}}, 400, "bad_envelope"),
        (
            gzip.compress(b" " * 4_000_000),
            {"headers": {"Content-Encoding": "gzip"}},
            413,
            "too_large",
        ),
        (b"{}", {"headers": {"Idempotency-Key": "x" * 256}}, 400, "bad_envelope"),
        (b"{}", {"path": "/api/v1/usage?source=nobody"}, 400, "bad_envelope"),
        (b"{}", {"path": "/api/v1/usage?strict=perhaps"}, 400, "bad_envelope"),
        (b"{}", {"path": "/api/v1/usage?as_of=2026-10-06T03:00:00"}, 400, "bad_envelope"),
        (b"{}", {"path": "/api/v1/usage?full=true"}, 400, "bad_envelope"),
        (b"[{]", {"content_type": "application/json"}, 400, "bad_json"),
        (
            b'{"user_id": 1, "user_login": "a", "day": "2026-10-06"}',
            {"path": "/api/v1/usage?source=github_copilot"},
            400,
            "initiative_missing",
        ),
    ],
)
def test_a_bad_envelope_is_refused_in_words(
    acme: Company, body: bytes, more: dict[str, object], status: int, code: str
) -> None:
    answer = post(acme.api(), body, **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    with scope.organization(acme.organization.pk):
        assert not UsageFact.objects.exists()


def test_a_prompt_text_export_is_refused_before_it_is_stored(acme: Company) -> None:
    from pathlib import Path

    body = (Path(__file__).parents[1] / "data/github_copilot/usage_records.json").read_bytes()
    answer = post(
        acme.api(),
        body,
        path="/api/v1/usage?source=github_copilot&initiative=copilot",
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "prompt_text_refused"
    with scope.organization(acme.organization.pk):
        assert not ImportBatch.objects.exists()


def test_strict_mode_refuses_the_batch_and_lists_every_error(acme: Company) -> None:
    body = b"\n".join([json.dumps(ROW).encode(), b"{", b'{"day": "x"}'])
    answer = post(acme.api(), body, path="/api/v1/usage?strict=true")
    assert answer.status_code == 422
    assert [error["line"] for error in answer.json()["errors"]] == [2, 3]


def test_the_row_errors_can_be_downloaded(acme: Company) -> None:
    body = b"\n".join([json.dumps(ROW).encode(), b"{", json.dumps(ROW | {"day": "x"}).encode()])
    address = post(acme.api(), body).json()["address"]
    answer = acme.api().get(f"{address}/errors", headers={"Accept": "text/csv"})
    text = b"".join(answer) if answer.streaming else answer.content
    assert text.count(b"\n") == 3
    assert b"bad_json" in text


def test_another_organizations_batch_is_not_found(acme: Company, twin: Company) -> None:
    address = post(acme.api()).json()["address"]
    assert twin.api().get(address).status_code == 404


def test_events_that_would_add_up_are_warned_of(acme: Company) -> None:
    answer = post(acme.api(), ROW | {"external_id": "e-1"})
    assert any("external_id" in warning for warning in answer.json()["warnings"])
