"""Source `m365_copilot`: Microsoft 365 Copilot usage by user, version 2.

One report, four dialects: the CSV of Microsoft Graph in its versions 1 and 2, the JSON of its beta,
and the export of the admin centre with headers of its own. A line is one licensed user as of the
report's refresh date, and gives

* a fact with grain day for each last activity date: the user was active on that day in that part of
  the suite. A pull each night therefore finds every active day; a missed night loses days, so the
  nights seen are counted beside the figures;
* where prompts or active days are stated, one fact over the rolling window, never added up.

The refresh date of the row is when it was stated. Tenants conceal names by default: 32 hexadecimal
digits stand for somebody then, are counted, and match nobody.

Source: Microsoft Graph docs, getMicrosoft365CopilotUsageUserDetail (v1.0 and beta); headers of the
admin centre's export as published by its users.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from adoption.sources.periods import check_day
from adoption.sources.rows import Grain, ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import Frame, Who, frame_of, parse_report
from adoption.sources.subjects import normal_id
from organizations.sources.fields import Fields
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import Columns, Media

NAME = "m365_copilot"
VERSION = 2
ACCEPTED = (Media.CSV, Media.JSON, Media.NDJSON)
SETTLES_AFTER_DAYS = 3
"""Microsoft: figures arrive 48 to 72 hours late."""

# Our word for each column: the app, then what of it.
REFRESHED, UPN, PERIOD = "refreshed", "upn", "period"
LAST = "last:"
PROMPTS, PROMPTS_WORK, PROMPTS_WEB, ACTIVE_DAYS = (
    "prompts",
    "prompts:work",
    "prompts:web",
    "active_days",
)
_APPS: dict[str, Surface] = {
    "": Surface.ALL,
    "copilot chat": Surface.CHAT,
    "copilot chat (work)": Surface.CHAT,
    "copilot chat (web)": Surface.CHAT,
    "microsoft teams copilot": Surface.OFFICE,
    "teams copilot": Surface.OFFICE,
    "word copilot": Surface.OFFICE,
    "excel copilot": Surface.OFFICE,
    "powerpoint copilot": Surface.OFFICE,
    "outlook copilot": Surface.OFFICE,
    "onenote copilot": Surface.OFFICE,
    "loop copilot": Surface.OFFICE,
    "microsoft 365 copilot": Surface.OFFICE,
    "edge": Surface.OTHER,
    "copilot agent": Surface.AGENT,
}
_BETA = {
    "reportrefreshdate": REFRESHED,
    "userprincipalname": UPN,
    "lastactivitydate": LAST,
    "copilotchatlastactivitydate": f"{LAST}copilot chat",
    "microsoftteamscopilotlastactivitydate": f"{LAST}microsoft teams copilot",
    "wordcopilotlastactivitydate": f"{LAST}word copilot",
    "excelcopilotlastactivitydate": f"{LAST}excel copilot",
    "powerpointcopilotlastactivitydate": f"{LAST}powerpoint copilot",
    "outlookcopilotlastactivitydate": f"{LAST}outlook copilot",
    "onenotecopilotlastactivitydate": f"{LAST}onenote copilot",
    "loopcopilotlastactivitydate": f"{LAST}loop copilot",
}
_PLAIN = {
    "report refresh date": REFRESHED,
    "user principal name": UPN,
    "report period": PERIOD,
    "prompts submitted for all apps": PROMPTS,
    "prompts submitted for copilot chat (work)": PROMPTS_WORK,
    "prompts submitted for copilot chat (web)": PROMPTS_WEB,
    "active usage days for all apps": ACTIVE_DAYS,
}
_BY_PERIOD = "copilotActivityUserDetailsByPeriod"
_DROPPED = frozenset({"display name", "displayname", "displayName", _BY_PERIOD})
_LAST_OF = re.compile(r"last activity date of (?P<app>.+?)(?: \(utc\))?")
_APP_LAST = re.compile(r"(?:(?P<app>.+) )?last activity date(?: \(utc\))?")
_CONCEALED = re.compile(r"[0-9A-Fa-f]{32}")
_WINDOWS = {
    "7": Grain.ROLLING_7,
    "28": Grain.ROLLING_28,
    "30": Grain.ROLLING_30,
    "90": Grain.ROLLING_90,
    "180": Grain.ROLLING_180,
}
EVERYTHING = "all"


def own_word(header: str) -> str:
    """A column of any dialect in our word; the header itself where we have none.

    >>> own_word("Last activity date of Teams Copilot (UTC)")
    'last:teams copilot'
    """
    plain = " ".join(header.split()).lower()
    known = _PLAIN.get(plain) or _BETA.get(plain)
    if known:
        return known
    match = _LAST_OF.fullmatch(plain) or _APP_LAST.fullmatch(plain)
    return f"{LAST}{match['app'] or ''}" if match else header


class _Headers(dict[str, str]):
    """Headers of all dialects → our words, found as they are met."""

    def get(self, header: str, default: object = None) -> str:
        return own_word(header)


COLUMNS = Columns(
    rows_in="value",
    renamed=_Headers(),
    required=frozenset({REFRESHED, UPN}),
    known=frozenset(
        {
            *(REFRESHED, UPN, PERIOD, PROMPTS, PROMPTS_WORK, PROMPTS_WEB, ACTIVE_DAYS),
            *(f"{LAST}{app}" for app in _APPS),
            *_DROPPED,
        }
    ),
)


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. Raises `EnvelopeError` initiative_missing."""
    return parse_report(
        blocks,
        content_type=content_type,
        context=context,
        accepted=ACCEPTED,
        columns=COLUMNS,
        read=_facts,
        label="Microsoft 365 Copilot",
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    refreshed = check_day(
        REFRESHED, fields.need("Report Refresh Date", fields.day(REFRESHED)), context
    )
    who = _who(fields)
    frame = frame_of(NAME, context)
    days = _active_days(fields, refreshed, context)
    return [
        *(_day(line, day, surface, refreshed, who, frame) for day, surface in sorted(days)),
        *_window(line, fields, refreshed, who, frame),
    ]


def _who(fields: Fields) -> Who:
    upn = fields.need("User Principal Name", fields.text(UPN))
    if _CONCEALED.fullmatch(upn):
        kind = SubjectKind.CONCEALED
        return Who(kind=kind, external_id=normal_id(UPN, kind, upn))
    return Who(kind=SubjectKind.UPN, external_id=normal_id(UPN, SubjectKind.UPN, upn))


def _active_days(
    fields: Fields, refreshed: date, context: ParseContext
) -> set[tuple[date, Surface]]:
    """Days on which somebody was active, by surface. The date over all apps only adds a day that no
    app names: it is never counted beside its parts."""
    found: set[tuple[date, Surface]] = set()
    for app, surface in _APPS.items():
        day = fields.day(f"{LAST}{app}") if app else None
        if day is not None:
            found.add((_not_ahead(day, refreshed, context), surface))
    overall = fields.day(LAST)
    if overall is not None and overall not in {day for day, _ in found}:
        found.add((_not_ahead(overall, refreshed, context), Surface.ALL))
    return found


def _not_ahead(day: date, refreshed: date, context: ParseContext) -> date:
    if day > refreshed:
        raise ReadError(
            Code.TIME_IN_FUTURE,
            "A last activity lies after the day on which the report was made.",
            field="Last Activity Date",
            value=day.isoformat(),
        )
    return check_day("Last Activity Date", day, context)


def _day(
    line: int, day: date, surface: Surface, refreshed: date, who: Who, frame: Frame
) -> UsageRow:
    about = frame.over(
        line, Grain.DAY, day, day + timedelta(days=1), as_of=_midnight(refreshed), **who
    )
    return about.fact(surface, active=True)


def _window(line: int, fields: Fields, refreshed: date, who: Who, frame: Frame) -> list[UsageRow]:
    """What version 2 says of the whole window, up to the refresh date."""
    period = (fields.text(PERIOD) or "").lower().removeprefix("d")
    prompts, active_days = fields.whole(PROMPTS), fields.whole(ACTIVE_DAYS)
    if (prompts, active_days) == (None, None) or period == EVERYTHING:
        return []
    grain = _WINDOWS.get(period)
    if grain is None:
        raise ReadError(
            Code.BAD_PERIOD,
            f"The report period must be one of {', '.join(_WINDOWS)} days, or ALL.",
            field="Report Period",
            value=period,
        )
    end = refreshed + timedelta(days=1)
    about = frame.over(
        line, grain, end - timedelta(days=int(period)), end, as_of=_midnight(refreshed), **who
    )
    return [about.fact(Surface.ALL, interactions=prompts, active_days=active_days)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
