"""Work that is taken back, for tests that try the same thing many times on one database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def taken_back() -> Iterator[None]:
    """A transaction or savepoint that is rolled back at its end.

    Durable blocks may begin inside it, as they may inside the transaction of Django's own TestCase.
    """
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)
