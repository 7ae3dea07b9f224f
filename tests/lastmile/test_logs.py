"""Logs carry ids and counts only (SECURITY R25)."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.test import Client
from structlog.stdlib import ProcessorFormatter

SECRET = "canary@acme.test"


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture
def told() -> Iterator[Callable[[], str]]:
    """What the handler of the settings has written so far."""
    [handler] = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, ProcessorFormatter)
    ]
    written = StringIO()
    before = handler.setStream(written)
    yield written.getvalue
    handler.setStream(before)


def test_an_exception_is_told_by_type_and_place_without_its_words(
    told: Callable[[], str],
) -> None:
    try:
        raise ValueError(f"Key (email)=({SECRET}) already exists")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error: /people/")
    text = told()
    [line] = lines(text)
    assert SECRET not in text
    assert line["exception"] == "ValueError"
    assert "test_logs.py" in str(line["at"])


def test_celery_does_not_repeat_an_exceptions_words(
    told: Callable[[], str],
) -> None:
    logging.getLogger("celery.app.trace").error("Task x[1] raised unexpected: %s", SECRET)
    text = told()
    assert SECRET not in text
    assert lines(text)[0]["event"] == "Task x[1] raised unexpected"


@pytest.mark.django_db
def test_a_query_is_not_logged(
    told: Callable[[], str],
) -> None:
    assert Client().get("/api/v1/batches", {"q": SECRET}).status_code == 401
    text = told()
    assert "/api/v1/batches" in text
    assert SECRET not in text


@pytest.mark.django_db
@pytest.mark.parametrize("level", ["INFO", "WARNING"])
def test_a_link_that_lets_somebody_in_is_not_logged(
    told: Callable[[], str], level: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = "k" * 43
    with caplog.at_level(level):
        assert Client().get(f"/invitations/{token}/", {"q": SECRET}).status_code == 404
    text = told()
    assert "/invitations/" in text
    assert token not in text
    assert SECRET not in text
