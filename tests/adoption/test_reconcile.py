"""A vendor's own number beside ours, with steps between the two that add up and name nobody."""

import re
from datetime import date, datetime

import pytest
import time_machine

from adoption.calculations.reconcile import Step, blocks_until, told_steps
from adoption.models import UsageFact
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.calculations.roles import Role
from tests.cast import CANARY, Company

# A Wednesday. The newest block of four whole weeks began on 7 September.
NOW = "2026-10-21T12:00:00Z"
FIRST = date(2026, 9, 7)
PAGE = "/adoption/reconcile/"
PEOPLE = 60
HEADER = "subject,initiative,source,grain,day,period_start,period_end,interactions"


def person(number: int) -> str:
    return f"email:p{number}@acme.test"


def used(subject: str, *, source: str = "tool", interactions: int = 2) -> str:
    return f"{subject},copilot,{source},,2026-09-15,,,{interactions}"


def window(subject: str) -> str:
    return f"{subject},copilot,tool,rolling_28,,2026-09-07,2026-10-05,9"


def post(company: Company, kind: str, body: str) -> dict:
    answer = company.api().post(f"/api/v1/{kind}", body, content_type="text/csv")
    assert answer.status_code == 200, answer.content
    assert answer.json()["rejected"] == 0, answer.content
    return answer.json()


def every_kind() -> list[str]:
    """45 people who count, and at least one row of every reason not to."""
    rows = [used(person(n)) for n in range(40)]
    rows += [used(f"login:p{n}") for n in range(6)]
    rows += [used(f"email:stranger{n}@else.test") for n in range(3)]
    rows += [used(f"email:gone{n}@acme.test") for n in range(6)]
    rows += [used("apikey:build-robot")]
    rows += [used(person(n), source="other") for n in range(40, 45)]
    rows += [used(person(n), interactions=0) for n in range(45, 50)]
    rows += [window(person(n)) for n in range(50, 55)]
    rows += [used(person(n)) for n in range(55, 60)]
    return rows


def fill(company: Company, rows: list[str], *, people: int = PEOPLE, withdrawn: int = 0) -> None:
    """People with access, six who have left, and usage; then the figures."""
    staff = [f"p{n},p{n}@acme.test,P {n},login:p{n}," for n in range(people)]
    staff += [f"gone{n},gone{n}@acme.test,Gone {n},,2026-08-31" for n in range(6)]
    post(company, "people", "external_id,email,name,aliases,end\n" + "\n".join(staff) + "\n")
    post(company, "eligibility", "initiative,rule,from\ncopilot,all,2026-01-01\n")
    post(company, "usage", "\n".join([HEADER, *rows]) + "\n")
    with scope.organization(company.organization.pk):
        for number in range(withdrawn):
            facts = UsageFact.objects.filter(subject__external_id=f"p{59 - number}@acme.test")
            facts.update(state=0)
        refresh_adoption(
            organization_id=company.organization.pk,
            now=datetime.fromisoformat(NOW),
            full=True,
        )


def compare(company: Company, shown: int, **more: str) -> str:
    asked = {
        "initiative": "copilot",
        "source": "tool",
        "weeks": FIRST.isoformat(),
        "total": str(shown),
    }
    answer = company.client(Role.PROGRAM_LEAD).get(PAGE, asked | more)
    assert answer.status_code == 200
    return answer.text


def table(text: str) -> dict[str, str]:
    """First cell → last cell of every row of the page."""
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        plain = [
            cell.replace("\N{MINUS SIGN}", "-").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
            for cell in cells
        ]
        words = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in plain]
        found[words[0]] = words[-1]
    return found


# --- the rules ------------------------------------------------------------------------------------


def test_blocks_never_overlap_and_end_before_a_running_one() -> None:
    found = blocks_until(week=date(2026, 10, 12), most=3)
    assert found == (FIRST, date(2026, 8, 10), date(2026, 7, 13))
    assert blocks_until(week=date(2026, 9, 28), most=1) == (FIRST,)
    assert blocks_until(week=date(2026, 9, 21), most=1) == (date(2026, 8, 10),)


def test_steps_of_few_people_are_taken_together_until_they_are_enough() -> None:
    steps = [
        Step(words="left", count=-2),
        Step(words="away", count=-9),
        Step(words="other", count=3),
        Step(words="none", count=0),
    ]
    assert told_steps(steps=steps, k=5) == (
        Step(words="away", count=-9),
        Step(words="2 other reasons, taken together", count=1),
    )


def test_a_small_step_takes_the_next_one_with_it_and_alone_nothing_is_told() -> None:
    small, large = Step(words="left", count=-2), Step(words="away", count=-9)
    pooled = Step(words="2 other reasons, taken together", count=-11)
    assert told_steps(steps=[small, large], k=5) == (pooled,)
    assert told_steps(steps=[small], k=5) is None
    assert told_steps(steps=[], k=5) == ()
    account = Step(words="unmatched", count=-1, private=False)
    assert told_steps(steps=[account], k=5) == (account,)
    assert told_steps(steps=[account, small], k=5) is None


# --- the page -------------------------------------------------------------------------------------


def test_before_any_usage_the_page_says_what_is_missing(acme: Company) -> None:
    text = acme.client(Role.ADMINISTRATOR).get(PAGE).text
    assert "Nothing to compare yet" in text
    assert 'name="total"' not in text


@time_machine.travel(NOW, tick=False)
def test_every_step_from_the_vendors_number_to_ours_adds_up(acme: Company) -> None:
    fill(acme, every_kind(), withdrawn=5)
    text = compare(acme, 70, read="Console, Usage")
    found = table(text)
    assert "The vendor counts 25 more than the 45 here" in text
    assert found["The vendor's own number Console, Usage"] == "70"
    assert found["Not named with use in the rows that arrived"] == "-14"
    assert found["Accounts with use in its rows here"] == "56"
    assert found["Services and hidden accounts"] == "-1"
    assert found["Unmatched accounts"] == "-3"
    assert found["Several accounts of one person"] == "-6"
    assert found["Not employed in these weeks"] == "-6"
    assert found["Active by another source"] == "+5"
    assert found["Eligible people who were active here"] == "45"
    lines = list(found.values())
    start, end = lines.index("70"), lines.index("45")
    steps = [int(line) for line in lines[start + 1 : end] if line[0] in "+-"]
    assert 70 + sum(steps) == 45
    assert found["Accounts named in these weeks without use by the rule"] == "5"
    assert found["Accounts whose rows of use were withdrawn"] == "5"
    other = "Accounts told of by rolling windows or months only, which feed no week"
    assert found[other] == "5"
    # Two silent weeks followed the first word; the week before it is no gap.
    assert found["Weeks without data, in which nobody counts as active or lapsed"] == "2 of 4"


@time_machine.travel(NOW, tick=False)
def test_what_concerns_fewer_than_five_people_is_not_told(acme: Company) -> None:
    rows = [used(person(n)) for n in range(40)]
    rows += [used(f"email:gone{n}@acme.test") for n in range(2)]
    fill(acme, rows)
    text = compare(acme, 42)
    found = table(text)
    assert found["What lies between concerns a small group"] == "Not shown (small group)"
    assert found["Eligible people who were active here"] == "40"
    assert "Not employed" not in text
    assert "Accounts with use in its rows here" not in text
    assert "Why the vendor may count" not in text


@time_machine.travel(NOW, tick=False)
def test_an_initiative_with_few_eligible_people_is_not_compared(acme: Company) -> None:
    # Bo Chen of the cast is the fiftieth that is missing.
    fill(acme, [used(person(n)) for n in range(40)], people=48)
    text = compare(acme, 40)
    assert "Copilot has too few people to compare" in text
    assert "at least 50 were eligible" in text
    assert "Eligible people who were active here" not in text


@time_machine.travel(NOW, tick=False)
def test_rows_may_name_more_than_the_vendor_counts(acme: Company) -> None:
    fill(acme, [used(person(n)) for n in range(40)])
    text = compare(acme, 30)
    assert "The vendor counts 10 fewer than the 40 here" in text
    assert table(text)["Named with use here, not counted by the vendor"] == "+10"
    assert "Both count 40 active people in Copilot" in compare(acme, 40)


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    "changes",
    [
        {"total": "-1"},
        {"total": "many"},
        {"weeks": "2026-09-14"},
        {"weeks": "2019-01-07"},
        {"initiative": "unheard-of"},
        {"source": "unheard-of"},
    ],
)
def test_what_cannot_be_compared_is_said_beside_its_field(
    acme: Company, changes: dict[str, str]
) -> None:
    fill(acme, [used(person(n)) for n in range(3)], people=3)
    text = compare(acme, 40, **changes)
    assert 'aria-invalid="true"' in text
    assert "Eligible people who were active here" not in text


@time_machine.travel(NOW, tick=False)
def test_nothing_of_the_twin_can_be_chosen_or_counted(acme: Company, twin: Company) -> None:
    fill(twin, [used(person(n), source="theirs") for n in range(40)])
    fill(acme, [used(person(n)) for n in range(30)])
    text = compare(acme, 30)
    assert "Both count 30" in text
    assert "theirs" not in text
    assert CANARY not in text


@pytest.mark.parametrize("role", [Role.MEMBER, Role.EXECUTIVE, Role.CHAMPION, Role.AUDITOR])
def test_only_who_looks_after_the_data_compares(acme: Company, role: Role) -> None:
    assert acme.client(role).get(PAGE).status_code == 403
