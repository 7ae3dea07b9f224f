from adoption.models.facts import LIVE, WITHDRAWN, UsageFact, UsageFactHistory
from adoption.models.rollups import (
    AdoptionState,
    GroupWeek,
    PersonWeek,
    SourceWeek,
    WeekMask,
)

__all__ = [
    "LIVE",
    "WITHDRAWN",
    "AdoptionState",
    "GroupWeek",
    "PersonWeek",
    "SourceWeek",
    "UsageFact",
    "UsageFactHistory",
    "WeekMask",
]
