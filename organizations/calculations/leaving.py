"""How an organization ends: disabled first, erased later."""

from datetime import date, timedelta

DISABLED_FOR = timedelta(days=30)


def erased_on(*, closed_on: date) -> date:
    """The day on which an organization that is closed today is erased.

    >>> erased_on(closed_on=date(2026, 11, 1))
    datetime.date(2026, 12, 1)
    """
    return closed_on + DISABLED_FOR
