"""Rules open an initiative to people, by page and by file; access follows at once."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from organizations import scope
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import BatchKind
from organizations.errors import Conflict
from organizations.models import AuditEvent, Department, ImportBatch, JobRun, Organization, Person
from portfolio.actions.eligibility import BadRule, BadSpan, add_rule, end_rule
from portfolio.calculations.stages import Rule
from portfolio.models import Eligibility, EligibilityRule
from tests.builders import (
    NOW,
    imported,
    make_batch,
    make_department,
    make_initiative,
    make_organization,
    make_person,
)

pytestmark = pytest.mark.django_db

HEADER = "initiative,rule,value,from,to,seat\n"
PHONES = "copilot,department,Operations/Phones,2026-02-01,,true\n"


@pytest.fixture
def organization():
    made = make_organization()
    with scope.organization(made.pk):
        make_person(
            email="bo@acme.test", department="Operations / Phones", job_role="Service agent"
        )
        make_person(email="ann@acme.test", department="Finance")
        make_initiative(key="copilot")
        yield made


def send(organization: Organization, rows: str, kind=BatchKind.ELIGIBILITY, **more) -> ImportBatch:
    header = HEADER if kind == BatchKind.ELIGIBILITY else "external_id,email,name,department\n"
    return imported(make_batch(header + rows, organization=organization, kind=kind, **more))


def sums(batch: ImportBatch) -> tuple[int, int, int, int]:
    return batch.accepted, batch.revised, batch.duplicate, batch.rejected


def access() -> dict[str, list[tuple[date | None, date | None]]]:
    found: dict[str, list] = {}
    for email, span in Eligibility.objects.order_by("span").values_list("person__email", "span"):
        found.setdefault(email, []).append((span.lower, span.upper))
    return found


def test_every_kind_of_rule_opens_to_those_it_names(organization):
    batch = send(
        organization,
        PHONES
        + "copilot,job_role,Service agent,2026-01-01,2026-01-15,\n"
        + "copilot,person,Ann@acme.test,2026-03-01,2026-03-31,false\n",
    )
    assert sums(batch) == (3, 0, 0, 0)
    assert access() == {
        "bo@acme.test": [(date(2026, 1, 1), date(2026, 1, 16)), (date(2026, 2, 1), None)],
        "ann@acme.test": [(date(2026, 3, 1), date(2026, 4, 1))],
    }
    assert JobRun.objects.filter(kind="refresh").exists()


def test_the_same_row_is_a_duplicate_and_another_end_or_seat_revises_it(organization):
    send(organization, PHONES)
    assert sums(send(organization, PHONES)) == (0, 0, 1, 0)
    assert sums(send(organization, PHONES.replace(",true", ","))) == (0, 0, 1, 0)
    assert sums(send(organization, PHONES.replace(",,true", ",2026-09-30,false"))) == (0, 1, 0, 0)
    rule = EligibilityRule.objects.get()
    assert (rule.span, rule.seat) == (DateRange(date(2026, 2, 1), date(2026, 10, 1)), False)
    assert access() == {"bo@acme.test": [(date(2026, 2, 1), date(2026, 10, 1))]}


def test_unknown_names_are_row_errors_and_good_rows_are_kept(organization):
    twin = make_organization(name="Twin")
    with scope.organization(twin.pk):
        make_initiative(key="twins-own")
    batch = send(
        organization,
        PHONES
        + "twins-own,all,,2026-01-01,,\n"
        + "copilot,department,Nowhere,2026-01-01,,\n"
        + "copilot,job_role,Pilot,2026-01-01,,\n"
        + "copilot,person,cy@acme.test,2026-01-01,,\n",
    )
    assert sums(batch) == (1, 0, 0, 4)
    assert list(batch.row_errors.order_by("number").values_list("line", "code")) == [
        (3, "unknown_initiative"),
        (4, "unknown_department"),
        (5, "unknown_job_role"),
        (6, "unknown_person"),
    ]


def test_rows_that_contradict_each_other_are_all_refused(organization):
    batch = send(organization, PHONES + PHONES.replace("true", "false") + PHONES)
    assert sums(batch) == (0, 0, 0, 3)
    assert not EligibilityRule.objects.exists()


def test_access_follows_when_somebody_moves(organization):
    send(organization, PHONES)
    send(
        organization,
        ",ann@acme.test,Ann Ode,Operations / Phones\n,bo@acme.test,Bo Chen,Finance\n",
        kind=BatchKind.PEOPLE,
    )
    assert access() == {
        "bo@acme.test": [(date(2026, 2, 1), NOW.date())],
        "ann@acme.test": [(NOW.date(), None)],
    }


def test_somebody_new_gets_what_is_open_to_all(organization):
    send(organization, "copilot,all,,2026-01-01,,\n")
    send(organization, ",cy@acme.test,Cy Roe,\n", kind=BatchKind.PEOPLE)
    assert access()["cy@acme.test"] == [(date(2026, 1, 1), None)]


def test_a_rule_is_added_and_ended_by_hand(organization):
    initiative = make_initiative(key="drafts")
    rule = add_rule(
        initiative=initiative,
        rule=Rule.DEPARTMENT,
        department=Department.objects.get(key="Operations"),
        first=date(2026, 5, 1),
        actor=SYSTEM,
        now=NOW,
    )
    assert access() == {"bo@acme.test": [(date(2026, 5, 1), None)]}
    assert end_rule(rule=rule, last_day=date(2026, 6, 30), actor=SYSTEM, now=NOW)
    assert not end_rule(rule=rule, last_day=date(2026, 6, 30), actor=SYSTEM, now=NOW)
    assert access() == {"bo@acme.test": [(date(2026, 5, 1), date(2026, 7, 1))]}
    assert list(
        AuditEvent.objects.filter(object_id=str(rule.public_id))
        .order_by("sequence")
        .values_list("action", flat=True)
    ) == ["eligibility.added", "eligibility.ended"]


def test_a_rule_that_begins_on_the_same_day_is_not_added_twice(organization):
    initiative = make_initiative(key="drafts")
    said = {"initiative": initiative, "rule": Rule.ALL, "actor": SYSTEM, "now": NOW}
    add_rule(first=date(2026, 5, 1), **said)
    add_rule(first=None, **said)
    for first in (date(2026, 5, 1), None):
        with pytest.raises(Conflict):
            add_rule(first=first, **said)


def test_a_rule_names_exactly_whom_it_is_for(organization):
    initiative = make_initiative(key="drafts")
    person, department = Person.objects.first(), make_department(path="Finance")
    said = {"initiative": initiative, "first": None, "actor": SYSTEM, "now": NOW}
    for wrong in (
        {"rule": Rule.DEPARTMENT},
        {"rule": Rule.ALL, "person": person},
        {"rule": Rule.PERSON, "person": person, "department": department},
    ):
        with pytest.raises(BadRule):
            add_rule(**said, **wrong)


def test_an_end_before_the_start_is_refused(organization):
    initiative = make_initiative(key="drafts")
    rule = add_rule(
        initiative=initiative, rule=Rule.ALL, first=date(2026, 5, 1), actor=SYSTEM, now=NOW
    )
    with pytest.raises(BadSpan):
        end_rule(rule=rule, last_day=date(2026, 4, 29), actor=SYSTEM, now=NOW)
