"""The title of the adoption page: what was found, in one sentence."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from adoption.calculations.states import State
from adoption.reports.figures import Figure, FigureStatus
from ui.formats import percent, short_date

SMALL_NUMBERS: Final = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)


STATE_WORDS: Final = {
    State.NEW: ("New", "Used it for the first time in the last 4 weeks"),
    State.HABITUAL: ("Habitual", "Active in 3 or more of the last 4 weeks"),
    State.OCCASIONAL: ("Occasional", "Active in 1 or 2 of the last 4 weeks"),
    State.LAPSED: ("Lapsed", "Was habitual, no use for 4 weeks"),
    State.NEVER: ("Never", "Could use it for 4 weeks or more, and have not"),
    State.STARTING: ("Starting", "Could use it for less than 4 weeks, and have not yet"),
    State.OTHER: ("Other", "Used it earlier, none of the states above"),
}


class Situation(StrEnum):
    """What kind of page it is."""

    FIGURES = "figures"
    NO_DEPARTMENT = "no_department"
    NOTHING_YET = "nothing_yet"
    NO_DATA = "no_data"
    NO_ELIGIBLE = "no_eligible"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """All that a title needs. ``who`` is None for the whole organization.

    ``latest`` is the newest week with data, ``first`` the oldest known week of the range.
    """

    who: str | None
    what: str
    situation: Situation
    weeks: int
    is_current: bool = True
    latest: date | None = None
    active: Figure | None = None
    first: date | None = None
    first_active: Figure | None = None


def title(*, finding: Finding) -> str:
    """The finding as a sentence; what cannot be said is said to be so."""
    who, what = finding.who, finding.what
    if finding.situation is Situation.FIGURES:
        return _share(finding)
    return {
        Situation.NO_DEPARTMENT: "No department is yours to see yet",
        Situation.NOTHING_YET: "No usage has arrived yet",
        Situation.NO_DATA: f"No data on the use of {what} in the last {counted(finding.weeks)}",
        Situation.NO_ELIGIBLE: f"Nobody in {who} could use {what} yet"
        if who
        else f"Nobody could use {what} yet",
        Situation.SUPPRESSED: f"{who or 'The organization'}: not shown (small group)",
    }[finding.situation]


def counted(weeks: int) -> str:
    """ "twelve weeks", "26 weeks" """
    number = SMALL_NUMBERS[weeks] if weeks < len(SMALL_NUMBERS) else str(weeks)
    return f"{number} week{'' if weeks == 1 else 's'}"


def week_ended(*, week: date) -> str:
    """The Sunday of a week: "22 Nov"."""
    return short_date(week + timedelta(days=6))


def _share(finding: Finding) -> str:
    active = finding.active
    if active is None or active.share is None or finding.latest is None:
        raise ValueError("a title with figures needs the latest share")
    share = ("At least " if active.at_least else "") + percent(active.share)
    who = finding.who or "eligible people"
    if not finding.is_current:
        verb, when = "used", f"in the week to {week_ended(week=finding.latest)}"
    else:
        verb, when = "uses" if finding.who else "use", "weekly"
    return f"{share} of {who} {verb} {finding.what} {when}{_trend(finding)}"


def _trend(finding: Finding) -> str:
    first, active = finding.first_active, finding.active
    if first is None or active is None or finding.first is None or finding.latest is None:
        return ""
    weeks = (finding.latest - finding.first).days // 7
    known = FigureStatus.KNOWN
    if weeks == 0 or first.status is not known or first.at_least or active.at_least:
        return ""
    if first.share is None or active.share is None:
        return ""
    before, after = percent(first.share), percent(active.share)
    past = f"{counted(weeks)} {'ago' if finding.is_current else 'before'}"
    if before == after:
        return f", as {past}"
    return f", {'up' if active.share > first.share else 'down'} from {before} {past}"
