"""Refusals. Each has a stable code, a sentence for people and, where there is one, the remedy."""


class LastMileError(Exception):
    """A rule refused what was asked. Rendered in one place for pages and one for the API."""

    code = "refused"
    status = 422

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.remedy = remedy


class NotFound(LastMileError):
    """It does not exist in this organization; nobody learns whether it exists elsewhere."""

    code = "not_found"
    status = 404


class NotAllowed(LastMileError):
    code = "not_allowed"
    status = 403


class Conflict(LastMileError):
    code = "conflict"
    status = 409


class TooLarge(LastMileError):
    code = "too_large"
    status = 413


class LeaseLost(LastMileError):
    """Somebody else took over this piece of work; its effect must not be written twice."""

    code = "lease_lost"
    status = 409
