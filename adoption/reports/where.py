"""What each figure of the adoption pages means, how it is computed and who is left out."""

from dataclasses import dataclass

from adoption.calculations.suppression import SUPPRESSION_VERSION


@dataclass(frozen=True, kw_only=True)
class Where:
    """One entry of "Where from". Period, source, version and time stand with the page."""

    of: str
    definition: str
    formula: str
    denominator: str
    left_out: str = ""


@dataclass(frozen=True, kw_only=True)
class Origins:
    """The entries of one page."""

    active: Where
    habitual: Where
    established: Where
    lapsed: Where
    never: Where
    states: Where
    series: Where
    parts: Where
    initiatives: Where
    own_weeks: Where
    own_days: Where
    own_initiatives: Where


def origins(*, grace_days: int, k: int) -> Origins:
    """The entries under an organization's settings."""
    out = (
        "Who had no access, was not employed or was away on every working day of the"
        f" week, and everybody in the first {grace_days} days after a start."
        " Use without being eligible is counted apart."
    )
    small = (
        f"Groups under {k} eligible people are not shown, nor is what would give them away"
        f" ({SUPPRESSION_VERSION})."
    )
    eligible = "Eligible people: with access and at work on the same working day of that week."
    active = "Eligible people with at least one qualifying use in the ISO week."
    states = "Every eligible person is in exactly one state, so the states add up."
    return Origins(
        active=Where(
            of="weekly active",
            definition=active,
            formula="active / eligible",
            denominator=eligible,
            left_out=out,
        ),
        habitual=Where(
            of="habitual",
            definition="Active in at least 3 of the last 4 weeks with data.",
            formula="habitual / eligible in all 4 weeks",
            denominator="People eligible in all of the last 4 weeks with data.",
            left_out=out,
        ),
        established=Where(
            of="established",
            definition="Active in at least 9 of the last 12 weeks with data.",
            formula="established / eligible in all 12 weeks",
            denominator="People eligible in all of the last 12 weeks with data.",
            left_out=out,
        ),
        lapsed=Where(
            of="lapsed",
            definition="Was active in 3 of some earlier 4 weeks, and in none of the last 4.",
            formula="count of people in the state lapsed",
            denominator=states,
            left_out=out,
        ),
        never=Where(
            of="never used",
            definition="Eligible for at least 4 weeks and never active.",
            formula="count of people in the state never",
            denominator=states,
            left_out=out,
        ),
        states=Where(
            of="states",
            definition="The first that applies: new, habitual, occasional, lapsed, never,"
            " starting, other.",
            formula="count of people per state",
            denominator=states,
            left_out=f"{out} States are shown from {2 * k} eligible people.",
        ),
        series=Where(
            of="weekly shares",
            definition=f"{active} Habitual: active in at least 3 of the last 4 weeks with data.",
            formula="active / eligible; habitual / eligible in all 4 weeks",
            denominator="Counted anew in every week; weeks without data are gaps.",
            left_out=f"{out} {small}",
        ),
        parts=Where(
            of="the parts",
            definition=active,
            formula="active / eligible; change from the earlier share in points",
            denominator=f"{eligible} A person counts in the department of the week's end;"
            " the parts add up to the whole.",
            left_out=f"{out} {small}",
        ),
        initiatives=Where(
            of="initiatives",
            definition="People eligible for the initiative with at least one qualifying use of it.",
            formula="active / eligible, for each initiative on its own",
            denominator="People eligible for that initiative; one person may count in several.",
            left_out=f"{out} {small}",
        ),
        own_weeks=Where(
            of="weeks with use",
            definition="Weeks in which a source named at least one qualifying use of yours.",
            formula="weeks with use / weeks with data",
            denominator="Weeks in which sources sent data.",
        ),
        own_days=Where(
            of="days with use",
            definition="Days with at least one qualifying use, as the source states them.",
            formula="the greatest count of days of one initiative",
            denominator="Seven days a week. Days of several initiatives are not added up, for"
            " they may be the same days.",
            left_out="Weeks in which sources were silent are empty, not zero.",
        ),
        own_initiatives=Where(
            of="what you used",
            definition="Weeks, days and uses that sources state for the names you are known by.",
            formula="sum over weeks, for each initiative on its own",
            denominator="Your own rows.",
            left_out="What a source does not state is not known, and is not zero.",
        ),
    )
