from adoption.models.facts import (
    HISTORY_KEPT,
    LIVE,
    WITHDRAWN,
    FullSlice,
    UsageEventSeen,
    UsageFact,
    UsageFactHistory,
)
from adoption.models.profiles import PROFILE, PROFILE_VERSION, MappingProfile
from adoption.models.rollups import (
    AdoptionState,
    GroupWeek,
    KeptGroupWeek,
    PersonWeek,
    SourceWeek,
    WeekMask,
)

__all__ = [
    "HISTORY_KEPT",
    "LIVE",
    "PROFILE",
    "PROFILE_VERSION",
    "WITHDRAWN",
    "AdoptionState",
    "FullSlice",
    "GroupWeek",
    "KeptGroupWeek",
    "MappingProfile",
    "PersonWeek",
    "SourceWeek",
    "UsageEventSeen",
    "UsageFact",
    "UsageFactHistory",
    "WeekMask",
]
