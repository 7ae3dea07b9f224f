"""A fresh organization, by hand, up to its first true figure.

The people, what they did and the shares that follow are worked out here, from the list `STAFF`, by
nothing that the product computes with.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import FilePayload, Page, expect

from organizations.models import Organization
from sprints.tasks import refresh
from tests.journeys.conftest import Visit, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WEEKS = 6
COPILOT = "application/x-ndjson"


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """Somebody of the directory. used: how many weeks ago they prompted, 1 the last complete."""

    login: str
    department: str
    used: tuple[int, ...] = ()
    passive: bool = False
    joined: int = 400
    left: int | None = None

    @property
    def counts(self) -> bool:
        """Employed longer than the 14 days of grace through all the weeks, or not at all."""
        return self.left is None and self.joined > 100


WAREHOUSE, DISPATCH = "Operations / Warehouse", "Operations / Dispatch"
STAFF = (
    Colleague(login="bo", department=WAREHOUSE, used=(1, 2, 3, 4, 5, 6)),
    Colleague(login="ada", department=WAREHOUSE, used=(1, 2, 3)),
    Colleague(login="cem", department=WAREHOUSE, used=(1, 2)),
    Colleague(login="dora", department=WAREHOUSE, used=(1,)),
    Colleague(login="emil", department=WAREHOUSE, used=(6,)),
    Colleague(login="fay", department=WAREHOUSE),
    Colleague(login="gus", department=DISPATCH, used=(1, 2, 4, 6)),
    Colleague(login="hana", department=DISPATCH, used=(1, 3)),
    Colleague(login="ivo", department=DISPATCH, used=(1,)),
    Colleague(login="jan", department=DISPATCH, used=(4, 5)),
    # Suggestions that were shown are no use.
    Colleague(login="kim", department=DISPATCH, passive=True),
    Colleague(login="lea", department=DISPATCH),
    # Neither new people nor those who have left are eligible, whatever they do.
    Colleague(login="moe", department=DISPATCH, used=(1,), joined=3),
    Colleague(login="ned", department=DISPATCH, used=(6,), left=60),
)
NUMBERS = {one.login: number for number, one in enumerate(STAFF, start=1001)}


def share(today: date, *, ago: int, department: str = "") -> tuple[int, int, date]:
    """k, n and the Monday of a complete week, counted off on the list."""
    eligible = [one for one in STAFF if one.counts and one.department.startswith(department)]
    active = [one for one in eligible if ago in one.used]
    return len(active), len(eligible), monday_of(today, ago=ago)


def monday_of(today: date, *, ago: int) -> date:
    return today - timedelta(days=today.weekday(), weeks=ago)


def in_percent(k: int, n: int) -> str:
    return f"{100 * k / n:.0f}%"


def people_file(today: date) -> str:
    lines = ["email,name,department,start,end,aliases"]
    for one in STAFF:
        start = today - timedelta(days=one.joined)
        end = "" if one.left is None else (today - timedelta(days=one.left)).isoformat()
        lines.append(
            f"{one.login}@acme.test,{one.login.capitalize()} Test,{one.department},{start},{end},"
            f"login:{one.login}-acme"
        )
    return "\n".join(lines) + "\n"


def copilot_report(today: date) -> str:
    """Users-1-day rows of six weeks: those above, and an account that nobody knows."""
    rows = [*prompts(today), row("stranger", day=monday_of(today, ago=2), prompts=4)]
    return "".join(f"{json.dumps(each)}\n" for each in rows)


def prompts(today: date) -> Iterator[dict[str, object]]:
    for one in STAFF:
        for ago in one.used:
            for day in (1, 3):
                when = monday_of(today, ago=ago) + timedelta(days=day)
                yield row(one.login, day=when, prompts=5)
        if one.passive:
            yield row(one.login, day=monday_of(today, ago=1), prompts=0)


def row(login: str, *, day: date, prompts: int) -> dict[str, object]:
    return {
        "user_id": NUMBERS.get(login, 1000),
        "user_login": f"{login}-acme",
        "day": day.isoformat(),
        "organization_id": "999",
        "enterprise_id": "13213",
        "user_initiated_interaction_count": prompts,
        "code_generation_activity_count": 9,
        "code_acceptance_activity_count": 0,
        "totals_by_ide": [],
        "used_agent": False,
        "used_chat": prompts > 0,
        "used_cli": False,
    }


def test_a_fresh_organization_comes_to_its_first_true_figure_by_hand(visitor: Visitor) -> None:
    today = datetime.now(UTC).date()
    visit = visitor()
    found_the_organization(visit)
    visit.check_access()
    import_people(visit.page, today)
    plan_the_sprint(visit.page, today)
    register_the_initiative(visit.page)
    open_it_to_everybody(visit.page, today)
    key, line = make_a_key(visit.page)
    visit.check_access()
    send_the_printed_line(visit, line)
    batch = post_copilot(visit, key, today)
    organization = Organization.objects.get()
    refresh(organization.pk)
    see_the_sprint_home(visit, batch, today)
    see_the_adoption_page(visit, batch, today)


def found_the_organization(visit: Visit) -> None:
    page = visit.go("/")
    expect(page).to_have_url(re.compile(r"/welcome/$"))
    page.get_by_label("Organization").fill("Acme")
    page.get_by_label("Your name").fill("Lena Marsh")
    page.get_by_label("Your work email").fill("lena@acme.test")
    page.get_by_label("Password").fill("a sentence is easy to keep")
    page.get_by_role("button", name="Create and sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your sprint")
    expect(page.locator(".steps [data-state=done]")).to_have_count(1)


def next_step(page: Page, name: str) -> None:
    """The set-up page offers this step as the one to do now."""
    page.goto(re.sub(r"(//[^/]+/).*", r"\1setup/", page.url))
    step = page.locator(".steps [data-state=now]")
    step.get_by_role("link", name=name).click()


def import_people(page: Page, today: date) -> None:
    next_step(page, "Add people")
    body = people_file(today).encode()
    file = FilePayload(name="people.csv", mimeType="text/csv", buffer=body)
    page.get_by_label("File of people").set_input_files(file)
    page.get_by_role("button", name="Show what it changes").click()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"This file added {len(STAFF)} people"
    )


def plan_the_sprint(page: Page, today: date) -> None:
    next_step(page, "Plan the sprint")
    # The share at the start is that of the last complete week before its first day.
    page.get_by_label("First day").fill(monday_of(today, ago=WEEKS - 1).isoformat())
    page.get_by_role("button", name="Start the sprint").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("days left")


def register_the_initiative(page: Page) -> None:
    next_step(page, "Add initiatives")
    page.get_by_role("link", name="Add initiative").click()
    page.get_by_label("Name", exact=True).fill("Copilot for planners")
    page.get_by_label("Outcome").fill("Planners finish a route plan in 2 hours instead of 5")
    page.get_by_label("Metric").fill("Median hours per route plan")
    page.get_by_label("By when").fill("2027-06-30")
    page.get_by_label("Baseline").fill("5")
    page.get_by_label("Target", exact=True).fill("2")
    page.get_by_label("Stage").select_option("pilot")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Copilot for planners")


def open_it_to_everybody(page: Page, today: date) -> None:
    page.get_by_role("link", name="Say who may use it").first.click()
    page.get_by_role("link", name="Everybody").click()
    page.get_by_label("From").fill((today - timedelta(days=100)).isoformat())
    page.get_by_role("button", name="Open it").click()
    employed = sum(one.left is None for one in STAFF)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"open to {employed} people")


def make_a_key(page: Page) -> tuple[str, str]:
    """The text of the key and the line that is printed with it."""
    next_step(page, "Make a key")
    page.get_by_label("Name", exact=True).fill("copilot-usage")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("It is not shown again")
    return page.locator("#key").inner_text(), page.locator("#example-1").inner_text()


def send_the_printed_line(visit: Visit, line: str) -> None:
    answer = json.loads(run(line))
    assert (answer["state"], answer["accepted"], answer["unmatched"]) == ("done", 1, 1)
    page = visit.go(f"/data/batches/{answer['batch']}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("its only row was taken")


def run(line: str) -> str:
    """The line as a shell runs it; where there is no curl, what it would have sent."""
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
        return done.stdout
    words = shlex.split(line.replace("\\\n", " "))
    headers = {
        name: value
        for flag, header in pairwise(words)
        if flag == "-H"
        for name, value in [header.split(": ", 1)]
    }
    address = next(word for word in words if word.startswith("http"))
    return post(address, body=words[words.index("-d") + 1], headers=headers)


def post(address: str, *, body: str, headers: dict[str, str]) -> str:
    request = Request(address, data=body.encode(), headers=headers)  # noqa: S310
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        return str(answer.read().decode())


def post_copilot(visit: Visit, key: str, today: date) -> int:
    body = copilot_report(today)
    answer = json.loads(
        post(
            f"{visit.address}/api/v1/usage?source=github_copilot&initiative=copilot-for-planners",
            body=body,
            headers={"Authorization": f"Bearer {key}", "Content-Type": COPILOT},
        )
    )
    assert (answer["state"], answer["rejected"], answer["unmatched"]) == ("done", 0, 1)
    return int(answer["batch"])


def see_the_sprint_home(visit: Visit, batch: int, today: date) -> None:
    k, n, _ = share(today, ago=1)
    first, _, _ = share(today, ago=WEEKS)
    assert 0 < first < k < n
    page = visit.go("/sprint/")
    title = page.get_by_role("heading", level=1)
    expect(title).to_contain_text(f"{in_percent(k, n)} of eligible people used AI last week.")
    figure = page.locator(".kpi", has_text="Weekly active of eligible")
    expect(figure.locator(".kpi__value")).to_have_text(in_percent(k, n))
    expect(figure.locator(".kpi__note")).to_contain_text(f"{k} of {n}.")
    expect(figure.locator(".kpi__note")).to_contain_text(f"Was {in_percent(first, n)} at the start")
    # The account of the report that nobody knows, and the address of the printed line.
    expect(page.locator("#waits")).to_contain_text("2 accounts nobody answers to")
    names_its_batch(page, "weekly active share", batch)
    visit.check_access()


def see_the_adoption_page(visit: Visit, batch: int, today: date) -> None:
    k, n, monday = share(today, ago=1)
    page = visit.go("/adoption/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(in_percent(k, n))
    figure = page.locator(".kpi", has_text="Weekly active of eligible")
    expect(figure.locator(".kpi__note")).to_contain_text(f"{k} of {n}.")
    sunday = monday + timedelta(days=6)
    expect(page.locator(".kpis")).to_have_attribute("aria-label", re.compile(f"{sunday.day} "))
    names_its_batch(page, "weekly active", batch)
    page.locator("#parts").get_by_role("link", name="Operations").click()
    for department in (WAREHOUSE, DISPATCH):
        k, n, _ = share(today, ago=1, department=department)
        line = page.locator("#parts tr", has_text=department.rpartition(" / ")[2])
        expect(line.locator("[data-l=Eligible]")).to_have_text(str(n))
        expect(line.locator("[data-l=Active]")).to_have_text(str(k))


def names_its_batch(page: Page, figure: str, batch: int) -> None:
    """ "Where from" of a figure opens and leads to the batch that the figure rests on."""
    where = page.locator("details.where", has_text=f"Where from: {figure}").first
    expect(where.get_by_role("link", name=f"batch {batch}")).to_be_hidden()
    where.locator("summary").click()
    expect(where.get_by_role("link", name=f"batch {batch}")).to_be_visible()
