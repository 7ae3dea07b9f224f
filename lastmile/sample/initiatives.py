"""The twelve initiatives of the sample and who may use each.

GitHub Copilot is how IT and Data works on the arrival predictions, so its usage report belongs to
`eta-prediction`. The other initiatives report in the canonical form.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from lastmile.sample import northwind as nw
from lastmile.sample.draws import Draws
from lastmile.sample.people import Person, Standing
from lastmile.sample.plan import Plan
from lastmile.sample.timeline import Timeline

COPILOT = "eta-prediction"
MEETING_NOTES = "meeting-notes"
RESUMES = "resume-screening"
DRIVER_MESSAGES = "driver-messages"
SUPPORT = "support-reply-drafting"
STOPPED = frozenset({MEETING_NOTES, RESUMES})


@dataclass(frozen=True, kw_only=True)
class Initiative:
    """One line of the register. `opened_week` counts weeks from the start of the history; `rules`
    are pairs of an eligibility rule and its value; `surface` is what its source reports."""

    key: str
    name: str
    stage: str
    owner: str
    champion: str
    department: str
    outcome: str
    metric: str
    baseline: str
    target: str
    monthly_budget: int
    fte: str
    promised_hours: int
    origin: str
    opened_week: int
    surface: str
    rules: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Access:
    """One line of the eligibility file; `until` is exclusive."""

    initiative: str
    rule: str
    value: str
    start: date
    until: date | None
    seat: bool


def _roles(*roles: str) -> tuple[tuple[str, str], ...]:
    return tuple(("job_role", role) for role in roles)


INITIATIVES = (
    Initiative(
        key="claims-triage",
        name="Claims triage",
        stage="live",
        owner="Ines Duarte",
        champion="Ines Duarte",
        department=nw.CLAIMS,
        outcome="Damage claims under $500 are paid or referred on the day they arrive",
        metric="Working days from claim to decision",
        baseline="6.2",
        target="1.0",
        monthly_budget=12_333,
        fte="1.50",
        promised_hours=4_490,
        origin="business",
        opened_week=0,
        surface="agent",
        rules=(("department", nw.CLAIMS),),
    ),
    Initiative(
        key=SUPPORT,
        name="Support reply drafting",
        stage="live",
        owner="Tomás Rivera",
        champion="Tomás Rivera",
        department=nw.SERVICE,
        outcome="Customers get a correct first answer sooner, with fewer outsourced tickets",
        metric="Cost per ticket in dollars",
        baseline="3.10",
        target="2.60",
        monthly_budget=13_667,
        fte="2.00",
        promised_hours=5_200,
        origin="business",
        opened_week=0,
        surface="chat",
        rules=_roles(nw.DAY_DESK, nw.NIGHT_DESK, nw.SERVICE_LEAD, nw.KEY_ADVISER),
    ),
    Initiative(
        key="invoice-matching",
        name="Invoice exception matching",
        stage="live",
        owner="Lena Fischer",
        champion="Ines Duarte",
        department=nw.CLAIMS,
        outcome="Invoices that disagree with the order are settled before the due date",
        metric="Late-payment fees per month in dollars",
        baseline="11400",
        target="7000",
        monthly_budget=8_000,
        fte="1.00",
        promised_hours=2_600,
        origin="central",
        opened_week=0,
        surface="agent",
        rules=(("department", nw.FINANCE), ("job_role", "Invoice clerk")),
    ),
    Initiative(
        key="load-matching",
        name="Load-matching assistant",
        stage="pilot",
        owner="Noor Haddad",
        champion="Noor Haddad",
        department=nw.DISPATCH,
        outcome="Fewer trailers leave half empty from the eight depots",
        metric="Share of empty kilometres",
        baseline="0.184",
        target="0.160",
        monthly_budget=9_833,
        fte="1.00",
        promised_hours=1_900,
        origin="vendor",
        opened_week=18,
        surface="chat",
        rules=_roles(nw.DISPATCHER, nw.LOAD_PLANNER, nw.COORDINATOR),
    ),
    Initiative(
        key="quote-assistant",
        name="Quote assistant",
        stage="pilot",
        owner="Marcus Boyd",
        champion="Marcus Boyd",
        department=nw.SALES,
        outcome="A price is with the customer within the hour",
        metric="Minutes from request to quote",
        baseline="140",
        target="60",
        monthly_budget=6_000,
        fte="0.75",
        promised_hours=1_450,
        origin="business",
        opened_week=10,
        surface="chat",
        rules=(("department", nw.SALES),),
    ),
    Initiative(
        key="slotting-optimiser",
        name="Slotting optimiser",
        stage="pilot",
        owner="Owen Pryce",
        champion="Owen Pryce",
        department=nw.WAREHOUSE,
        outcome="Fast movers lie near the dock, so that pickers walk less",
        metric="Metres walked per pick",
        baseline="61",
        target="52",
        monthly_budget=5_083,
        fte="0.50",
        promised_hours=1_100,
        origin="central",
        opened_week=6,
        surface="other",
        rules=_roles(nw.SHIFT_LEAD, nw.CONTROLLER, nw.SLOT_PLANNER),
    ),
    Initiative(
        key="demand-forecast",
        name="Demand forecast",
        stage="proposed",
        owner="Hana Sato",
        champion="",
        department=nw.PROCUREMENT,
        outcome="Rented trailers match the freight of the coming fortnight",
        metric="Mean absolute error of weekly volume",
        baseline="0.21",
        target="0.14",
        monthly_budget=6_917,
        fte="0.50",
        promised_hours=700,
        origin="central",
        opened_week=40,
        surface="other",
        rules=(),
    ),
    Initiative(
        key=DRIVER_MESSAGES,
        name="Driver-message summaries",
        stage="pilot",
        owner="Noor Haddad",
        champion="",
        department=nw.DISPATCH,
        outcome="Dispatchers see what a driver needs without reading every message",
        metric="Minutes per driver message",
        baseline="2.4",
        target="1.5",
        monthly_budget=3_167,
        fte="0.25",
        promised_hours=900,
        origin="vendor",
        opened_week=0,
        surface="office",
        rules=_roles(nw.DISPATCHER),
    ),
    Initiative(
        key=COPILOT,
        name="ETA prediction",
        stage="live",
        owner="Ravi Menon",
        champion="Ravi Menon",
        department=nw.DATA,
        outcome="Customers are told an arrival time that holds within thirty minutes",
        metric="Share of arrivals within thirty minutes of the promise",
        baseline="0.71",
        target="0.80",
        monthly_budget=7_333,
        fte="1.25",
        promised_hours=1_300,
        origin="central",
        opened_week=0,
        surface="editor",
        rules=(("department", nw.DATA),),
    ),
    Initiative(
        key="document-intake",
        name="Document intake",
        stage="live",
        owner="Hana Sato",
        champion="Sofia Lindgren",
        department=nw.CLAIMS,
        outcome="Delivery notes and contracts are filed without typing",
        metric="Minutes of typing per document",
        baseline="4.8",
        target="1.5",
        monthly_budget=4_500,
        fte="0.75",
        promised_hours=2_100,
        origin="vendor",
        opened_week=0,
        surface="office",
        rules=_roles(
            "Buyer", "Fleet coordinator", "Billing lead", "HR partner", "Recruiter", "Legal counsel"
        ),
    ),
    Initiative(
        key=MEETING_NOTES,
        name="Meeting-notes bot",
        stage="stopped",
        owner="Elena Marsh",
        champion="",
        department="",
        outcome="Decisions of a meeting reach those who were not there",
        metric="Share of meetings with minutes sent the same day",
        baseline="0.22",
        target="0.60",
        monthly_budget=9_333,
        fte="1.00",
        promised_hours=3_000,
        origin="vendor",
        opened_week=0,
        surface="office",
        rules=(),
    ),
    Initiative(
        key=RESUMES,
        name="Résumé screening",
        stage="stopped",
        owner="Sofia Lindgren",
        champion="",
        department=nw.PEOPLE,
        outcome="Applicants hear within a week whether they are invited",
        metric="Working days from application to answer",
        baseline="13",
        target="5",
        monthly_budget=5_500,
        fte="0.50",
        promised_hours=600,
        origin="vendor",
        opened_week=0,
        surface="agent",
        rules=_roles("Recruiter"),
    ),
)


def opened_on(initiative: Initiative, timeline: Timeline) -> date:
    """Monday on which people could first use it; a short history opens everything at once."""
    week = min(initiative.opened_week, timeline.base) if timeline.weeks > 20 else 0
    return timeline.monday(week)


def access(plan: Plan, timeline: Timeline, people: list[Person]) -> list[Access]:
    """All eligibility rules: by department and job role, and by person for the meeting notes."""
    lines = [
        Access(
            initiative=initiative.key,
            rule=rule,
            value=value,
            start=opened_on(initiative, timeline),
            until=timeline.stop_day if initiative.key in STOPPED else None,
            seat=True,
        )
        for initiative in INITIATIVES
        for rule, value in initiative.rules
        if _known(rule, value, people)
    ]
    lines += [
        Access(
            initiative=MEETING_NOTES,
            rule="person",
            value=person.email,
            start=timeline.first_day,
            until=timeline.stop_day,
            seat=True,
        )
        for person in meeting_people(plan, people)
    ]
    return lines


def _known(rule: str, value: str, people: list[Person]) -> bool:
    """Whether anybody of this organization is in that department or job role."""
    if rule == "job_role":
        return any(person.job_role == value for person in people)
    return any(person.department.split(" / ")[0] == value for person in people)


def meeting_people(plan: Plan, people: list[Person]) -> list[Person]:
    """Who was asked to try the meeting notes: a mix of all departments with access."""
    draws = Draws(plan.seed, "meeting-notes")
    able = [person for person in people if person.standing is Standing.ELIGIBLE]
    return [able[i] for i in sorted(draws.order(len(able))[: plan.meeting_people])]


def target_date(timeline: Timeline) -> date:
    """End of the quarter after the sprint."""
    return timeline.sprint_start + timedelta(days=180)
