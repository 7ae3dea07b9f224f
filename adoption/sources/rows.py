"""The canonical usage row: what every source turns its bytes into.

Field names are the public contract (`docs/formats/usage.md`). None means that the source did not
say, 0 that it said none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from organizations.sources.collecting import Parsed as Parsed
from organizations.sources.fields import AHEAD

if TYPE_CHECKING:
    from adoption.sources.mapping import ColumnMap

# Sources whose rows are single events that add to a day; rows that replace are refused there.
ADDING = frozenset({"bedrock", "google_gemini"})


class Grain(StrEnum):
    """How long a row's period is. Only day and week feed weekly figures."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ROLLING_7 = "rolling_7"
    ROLLING_28 = "rolling_28"
    ROLLING_30 = "rolling_30"
    ROLLING_90 = "rolling_90"
    ROLLING_180 = "rolling_180"
    CYCLE = "cycle"


class Surface(StrEnum):
    """Where the tool was used. `all` only where a source does not split; never added to parts."""

    CHAT = "chat"
    COMPLETION = "completion"
    EDITOR = "editor"
    AGENT = "agent"
    CLI = "cli"
    REVIEW = "review"
    OFFICE = "office"
    API = "api"
    OTHER = "other"
    ALL = "all"


class SubjectKind(StrEnum):
    """What sort of id a source knows somebody by."""

    UID = "uid"
    LOGIN = "login"
    EMAIL = "email"
    UPN = "upn"
    CONCEALED = "concealed"
    GUID = "guid"
    APIKEY = "apikey"
    NONE = "none"


class UsageRow(msgspec.Struct, frozen=True, gc=False):
    """One usage fact as stated: somebody, one initiative, one surface, one period."""

    line: int
    initiative: str
    source: str
    scope: str
    kind: SubjectKind
    external_id: str
    aliases: tuple[str, ...]
    period_start: date
    period_end: date
    grain: Grain
    week_start: str | None
    surface: Surface
    active: bool | None
    active_days: int | None
    interactions: int | None
    sessions: int | None
    requests: int | None
    suggestions: int | None
    accepted: int | None
    rejected: int | None
    tokens_in: int | None
    tokens_cached: int | None
    tokens_out: int | None
    minutes_claimed: Decimal | None
    cost_micros: int | None
    currency: str | None
    as_of: datetime | None
    event_id: str | None


@dataclass(frozen=True, kw_only=True)
class ParseContext:
    """What a source has to know about the organization and the request.

    initiatives: keys of the register; default_initiative: `?initiative=`; default_source: the
    key's name; currency: the organization's; as_of: `?as_of=`; the pins are those of the API key;
    time_zone: decides the day of an event that has a time; day: `?day=`, for reports that do not
    say which day they are about; mapping: `?profile=`, what was declared of the columns.
    """

    initiatives: frozenset[str]
    default_initiative: str | None
    default_source: str
    today: date
    now: datetime
    currency: str
    as_of: datetime | None
    pinned_initiative: str | None
    pinned_source: str | None = None
    time_zone: str = "UTC"
    day: date | None = None
    mapping: "ColumnMap | None" = None

    @property
    def latest_instant(self) -> datetime:
        """Clocks may be wrong by this much; what lies later is refused."""
        return self.now + AHEAD

    @property
    def latest_day(self) -> date:
        """The last day a period may begin on, wherever on earth it began."""
        return max(self.latest_instant.date(), self.today + timedelta(days=1))


def qualifying_use(
    *,
    interactions: int | None,
    accepted: int | None,
    active: bool | None,
    active_days: int | None,
) -> bool | None:
    """Whether a row is a use that counts (METHODS 3.1); None where the source said nothing of it.

    Interactions plus accepted of at least 1; where interactions are not stated, also the source's
    own flag or a day of activity. Sessions, requests and suggestions alone are no use.
    """
    if (interactions or 0) + (accepted or 0) >= 1:
        return True
    if interactions is None and (active or active_days):
        return True
    stated = (interactions, accepted, active, active_days)
    return None if all(value is None for value in stated) else False


def used(row: UsageRow) -> bool:
    """Whether the row counts as use. Rows carry the outcome already: `active` is the answer."""
    return bool(
        qualifying_use(
            interactions=row.interactions,
            accepted=row.accepted,
            active=row.active,
            active_days=row.active_days,
        )
    )


UNITS: Mapping[str, str] = {
    "interactions": "prompts",
    "sessions": "count",
    "requests": "count",
    "suggestions": "count",
    "accepted": "count",
    "rejected": "count",
    "tokens_in": "tokens, cached ones included",
    "tokens_cached": "tokens",
    "tokens_out": "tokens",
    "minutes_claimed": "minutes",
    "cost_estimate": "units of the currency",
}
