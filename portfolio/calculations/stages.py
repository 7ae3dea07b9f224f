"""Stages of an initiative and the rules that open it to people."""

from enum import StrEnum


class Stage(StrEnum):
    PROPOSED = "proposed"
    PILOT = "pilot"
    LIVE = "live"
    PAUSED = "paused"
    STOPPED = "stopped"


DEPLOYED = frozenset({Stage.PILOT, Stage.LIVE})


class Origin(StrEnum):
    CENTRAL = "central"
    BUSINESS = "business"
    VENDOR = "vendor"


class Rule(StrEnum):
    """Whom an eligibility rule opens an initiative to."""

    ALL = "all"
    DEPARTMENT = "department"
    JOB_ROLE = "job_role"
    PERSON = "person"
