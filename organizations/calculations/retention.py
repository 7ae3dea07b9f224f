"""How long things are kept, counted in whole calendar months or days."""

from datetime import date


def first_day_kept(*, today: date, months: int) -> date:
    """The first day of the month that lies `months` whole months before the running one.

    13 months on 21 November 2026 keep everything from 1 October 2025 on.

    >>> first_day_kept(today=date(2026, 11, 21), months=13)
    datetime.date(2025, 10, 1)
    """
    index = today.year * 12 + today.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
