"""Effective-dated facts: what holds from a day to a day, and what a new statement changes in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

SINCE_ALWAYS = date.min


class SpanError(ValueError):
    """A span would end before it begins."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `lower` up to and without `upper`; None is an open end."""

    lower: date | None
    upper: date | None

    def __post_init__(self) -> None:
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise SpanError(f"{self.lower} is not before {self.upper}")

    @property
    def first(self) -> date:
        return self.lower or SINCE_ALWAYS

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.upper is None or day < self.upper)

    def overlaps(self, other: "Span") -> bool:
        return self._begins_before_end_of(other) and other._begins_before_end_of(self)

    def _begins_before_end_of(self, other: "Span") -> bool:
        return other.upper is None or self.first < other.upper


ALWAYS = Span(None, None)
Held: TypeAlias = tuple[Span, int]


def through(first: date | None, last: date | None) -> Span:
    """The span of days from `first` to `last`, both inclusive. Raises SpanError."""
    if last is None or last == date.max:
        return Span(first, None)
    return Span(first, date.fromordinal(last.toordinal() + 1))


def restated(*, stored: Sequence[Span], stated: Span) -> tuple[Span, ...]:
    """Stored spans after one was stated: it takes the place of every span that it overlaps.

    Changed ends are corrections of the same stay; a span apart from all others is another stay.

    >>> restated(stored=[through(None, date(2026, 3, 31))], stated=through(date(2026, 9, 1), None))
    (Span(lower=None, upper=datetime.date(2026, 4, 1)), Span(lower=datetime.date(2026, 9, 1), \
upper=None))
    """
    kept = [span for span in stored if not span.overlaps(stated)]
    return tuple(sorted([*kept, stated], key=lambda span: span.first))


def employment(*, stored: Sequence[Span], start: date | None, end: date | None) -> tuple[Span, ...]:
    """Employment after a row said its first and last day (inclusive; None: not said).

    Nothing stored and nothing said is employment since always. An end alone ends the latest stay,
    a start alone leaves its end open. Raises SpanError for an end before the start.
    """
    if start is None and end is None:
        return tuple(stored) or (ALWAYS,)
    if start is None and stored:
        start = max(stored, key=lambda span: span.first).lower
    return restated(stored=stored, stated=through(start, end))


def moved(*, held: Sequence[Held], day: date, value: int) -> tuple[Held, ...]:
    """Who holds what after `value` was seen on `day`: from that day until the next known change.

    The first sight of all holds since always. What was known of earlier days stays.

    >>> moved(held=[(ALWAYS, 1)], day=date(2026, 4, 6), value=2)
    ((Span(lower=None, upper=datetime.date(2026, 4, 6)), 1), \
(Span(lower=datetime.date(2026, 4, 6), upper=None), 2))
    """
    if not held:
        return ((ALWAYS, value),)
    kept = [(span, what) for span, what in held if not span.holds(day)]
    around = next(((span, what) for span, what in held if span.holds(day)), None)
    if around is not None and around[1] == value:
        return tuple(held)
    if around is not None:
        span, what = around
        if span.first < day:
            kept.append((Span(span.lower, day), what))
        kept.append((Span(day, span.upper), value))
    else:
        later = [span.first for span, _ in held if span.first > day]
        kept.append((Span(day, min(later, default=None)), value))
    return _joined(kept)


def overwritten(*, held: Sequence[Held], span: Span, value: int) -> tuple[Held, ...]:
    """Who holds what after `value` was found to have held through all of `span`: a correction.

    >>> overwritten(held=[(ALWAYS, 1)], span=through(None, date(2026, 3, 31)), value=2)
    ((Span(lower=None, upper=datetime.date(2026, 4, 1)), 2), \
(Span(lower=datetime.date(2026, 4, 1), upper=None), 1))
    """
    kept: list[Held] = [(span, value)]
    for old, what in held:
        kept += [(rest, what) for rest in _outside(old, span)]
    return _joined(kept)


def _outside(old: Span, taken: Span) -> list[Span]:
    """What is left of a span when another one takes its days."""
    if not old.overlaps(taken):
        return [old]
    rest = []
    if taken.lower is not None and old.first < taken.lower:
        rest.append(Span(old.lower, taken.lower))
    if taken.upper is not None and (old.upper is None or taken.upper < old.upper):
        rest.append(Span(taken.upper, old.upper))
    return rest


def ended(*, stored: Sequence[Span], last_day: date) -> tuple[Span, ...]:
    """Stays after the one that holds `last_day` ends with it; stays of other times are kept."""
    after = date.fromordinal(last_day.toordinal() + 1)
    return tuple(Span(span.lower, after) if span.holds(last_day) else span for span in stored)


def _joined(held: list[Held]) -> tuple[Held, ...]:
    """In order of time; neighbours of one value are one span."""
    joined: list[Held] = []
    for span, what in sorted(held, key=lambda pair: pair[0].first):
        if joined and joined[-1][1] == what and joined[-1][0].upper == span.lower:
            joined[-1] = (Span(joined[-1][0].lower, span.upper), what)
        else:
            joined.append((span, what))
    return tuple(joined)


def first_difference(old: Sequence[Held], new: Sequence[Held]) -> date | None:
    """The first day on which two histories differ; SINCE_ALWAYS, or None when they never do."""
    ends = {span.upper for span, _ in (*old, *new) if span.upper is not None}
    days = {span.first for span, _ in (*old, *new)} | ends
    return min((day for day in days if _on(old, day) != _on(new, day)), default=None)


def _on(held: Sequence[Held], day: date) -> int | None:
    return next((what for span, what in held if span.holds(day)), None)


def stays(spans: Sequence[Span]) -> tuple[Held, ...]:
    """Spans as a history that tells stays apart by their first day: grace counts from it."""
    return tuple((span, span.first.toordinal()) for span in spans)


def monday(day: date) -> date | None:
    """The Monday of a day's week; None for SINCE_ALWAYS, the way dirty marks write it."""
    if day == SINCE_ALWAYS:
        return None
    return date.fromordinal(day.toordinal() - day.weekday())
