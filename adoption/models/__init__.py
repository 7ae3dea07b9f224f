from adoption.models.facts import LIVE, WITHDRAWN, UsageEventSeen, UsageFact, UsageFactHistory
from adoption.models.rollups import (
    AdoptionState,
    GroupWeek,
    KeptGroupWeek,
    PersonWeek,
    SourceWeek,
    WeekMask,
)

__all__ = [
    "LIVE",
    "WITHDRAWN",
    "AdoptionState",
    "GroupWeek",
    "KeptGroupWeek",
    "PersonWeek",
    "SourceWeek",
    "UsageEventSeen",
    "UsageFact",
    "UsageFactHistory",
    "WeekMask",
]
