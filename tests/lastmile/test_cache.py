"""The cache table keeps JSON, runs nothing it reads, and forgets only what has expired."""

import base64
import pickle
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


class Planted:
    """Unpickling this would be noticed."""

    executed = False

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (setattr, (Planted, "executed", True))


def test_what_is_set_is_read() -> None:
    cache.set("a", [1.5, {"b": "c"}])
    cache.set("a", [2])
    assert cache.get("a") == [2]
    assert cache.get_many(["a", "b"]) == {"a": [2]}
    assert cache.delete("a")
    assert cache.get("a", "gone") == "gone"


def test_a_planted_pickle_is_not_executed() -> None:
    cache.set("victim", 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cache_entry SET value = %s",
            [base64.b64encode(pickle.dumps(Planted())).decode()],
        )
    assert cache.get("victim") is None
    assert not Planted.executed


def test_what_has_expired_is_absent_and_leaves_with_the_next_write() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        cache.set("short", 1, timeout=60)
        cache.set("long", 1, timeout=600)
        cache.set("ever", 1, timeout=None)
        clock.shift(timedelta(seconds=61))
        assert cache.get("short") is None
        assert not cache.touch("short")
        assert cache.touch("long", timeout=6000)
        clock.shift(timedelta(hours=1))
        cache.set("other", 1)
        assert cache.get_many(["short", "long", "ever"]) == {"long": 1, "ever": 1}
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM cache_entry")
            assert cursor.fetchone() == (3,)


def test_adding_takes_a_key_once_until_it_expires() -> None:
    """allauth's lock around a rate limit is made of this."""
    with time_machine.travel(NOW, tick=False) as clock:
        assert cache.add("lock", True, timeout=10)
        assert not cache.add("lock", True, timeout=10)
        clock.shift(timedelta(seconds=11))
        assert cache.add("lock", True, timeout=10)


def test_many_other_keys_push_no_counter_out() -> None:
    cache.set("login-failed", [1.0, 2.0])
    for number in range(400):
        cache.set(f"noise-{number}", number)
    assert cache.get("login-failed") == [1.0, 2.0]
