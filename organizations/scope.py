"""The organization in force. Every tenant query reads it; without one a query refuses to run.

Opened empty by the middleware for each request and by each task; the sign-in, the API key or the
task then sets it. A door that forgets leaves the query without scope, which raises.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class ScopeMissingError(RuntimeError):
    """A query ran without saying for which organization: a fault of ours, never of a person."""


class ScopeViolationError(RuntimeError):
    """A write named another organization than the one in force."""


_current: ContextVar[int | None] = ContextVar("organization", default=None)


def current() -> int:
    """The id of the organization in force. Raises ScopeMissingError when there is none."""
    organization_id = _current.get()
    if organization_id is None:
        raise ScopeMissingError("No organization is in force for this query.")
    return organization_id


def current_or_none() -> int | None:
    return _current.get()


def enter(organization_id: int) -> None:
    """Set the organization inside a scope that `opened` or `organization` will close again."""
    _current.set(organization_id)


@contextmanager
def opened() -> Iterator[None]:
    """An empty scope, closed at the end whatever was entered meanwhile."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def organization(organization_id: int) -> Iterator[None]:
    """Work for one organization."""
    token = _current.set(organization_id)
    try:
        yield
    finally:
        _current.reset(token)
