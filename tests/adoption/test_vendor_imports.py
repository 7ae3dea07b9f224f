"""Vendors' reports from the printed line to stored facts: summed in a body, replaced between."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import time_machine

from adoption.models import UsageEventSeen, UsageFact
from adoption.sources.catalogue import SOURCES
from adoption.sources.rows import ADDING
from organizations import scope
from organizations.models import ImportBatch
from tests.builders import make_initiative
from tests.cast import Company

ROOT = Path(__file__).parent.parent
PAGE = ROOT.parent / "docs" / "formats" / "vendors.md"
VENDORS = sorted(set(SOURCES) - {"canonical", "github_copilot", "mapper"})


def sections() -> dict[str, str]:
    found = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0].strip(): part for part in found}


def run(line: str, company: Company):  # type: ignore[no-untyped-def]
    """Do what the shell and curl would do with a printed line, in the folder of the samples."""
    words = shlex.split(line.replace("\\\n", " "))
    assert words[:2] == ["curl", "-sS"]
    address = urlsplit(words[2].replace("$LASTMILE_URL", "http://testserver"))
    headers = dict(word.split(": ", 1) for word in words if ": " in word)
    body = (ROOT / "data" / words[-1].removeprefix("@")).read_bytes()
    return company.api().post(
        f"{address.path}?{address.query}", data=body, content_type=headers["Content-Type"]
    )


@pytest.fixture
def company(acme: Company) -> Company:
    with scope.organization(acme.organization.pk):
        make_initiative(key="code-assistant", name="Code assistant")
        make_initiative(key="claims-triage", name="Claims triage")
    return acme


def test_every_vendor_has_its_section_and_nothing_else_has() -> None:
    assert sorted(sections()) == VENDORS


@time_machine.travel("2026-10-08T12:00:00Z", tick=False)
@pytest.mark.parametrize("name", VENDORS)
def test_the_printed_line_works_as_it_stands(name: str, company: Company) -> None:
    [line] = re.findall(r"```sh\n(.*?)```", sections()[name], re.DOTALL)
    answer = run(line, company)
    body = answer.json()
    assert answer.status_code == 200, body
    assert (body["rejected"], body["errors"]) == (0, [])
    assert body["accepted"] == body["received"] > 0
    with scope.organization(company.organization.pk):
        stored = UsageEventSeen if SOURCES[name].adds else UsageFact
        assert stored.objects.count() == body["accepted"]


def test_the_sources_that_add_are_known_to_those_that_replace() -> None:
    assert {source.name for source in SOURCES.values() if source.adds} == ADDING


def post(company: Company, rows: list[dict], source: str = "claude_code"):  # type: ignore[no-untyped-def,type-arg]
    return (
        company.api()
        .post(
            f"/api/v1/usage?source={source}&initiative=code-assistant",
            data=json.dumps({"data": rows}),
            content_type="application/json",
        )
        .json()
    )


def day_of_claude() -> list[dict]:  # type: ignore[type-arg]
    found: list[dict] = json.loads((ROOT / "data/claude_code/day.json").read_bytes())["data"]  # type: ignore[type-arg]
    return found


def test_lines_of_one_person_and_day_are_added_up_within_a_body(company: Company) -> None:
    answer = post(company, day_of_claude())
    assert (answer["lines"], answer["received"], answer["accepted"]) == (3, 2, 2)
    with scope.organization(company.organization.pk):
        fact = UsageFact.objects.get(subject__kind="email")
    assert (fact.sessions, fact.accepted, fact.rejected) == (4, 8, 3)
    assert (fact.tokens_in, fact.tokens_out, fact.cost_micros) == (1385, 333, 2_305_000)
    assert fact.active is True


def test_a_later_body_replaces_the_sum_and_never_adds_to_it(company: Company) -> None:
    post(company, day_of_claude())
    later = day_of_claude()
    later[1]["tool_actions"]["edit_tool"]["accepted"] = 4
    answer = post(company, later)
    assert (answer["accepted"], answer["revised"], answer["duplicate"]) == (0, 1, 1)
    with scope.organization(company.organization.pk):
        assert UsageFact.objects.get(subject__kind="email").accepted == 11


def test_the_same_body_in_another_order_changes_nothing(company: Company) -> None:
    post(company, day_of_claude())
    answer = post(company, day_of_claude()[::-1])
    assert (answer["accepted"], answer["revised"], answer["duplicate"]) == (0, 0, 2)


def test_what_no_part_states_stays_unknown(company: Company) -> None:
    rows = day_of_claude()[:2]
    for row in rows:
        del row["tool_actions"]
    post(company, rows)
    with scope.organization(company.organization.pk):
        fact = UsageFact.objects.get()
    assert (fact.accepted, fact.rejected, fact.interactions) == (None, None, None)


def test_the_same_report_of_another_day_is_another_batch(company: Company) -> None:
    body = (ROOT / "data/claude_enterprise/day.json").read_bytes()
    for day in ("2026-10-06", "2026-10-07", "2026-10-07"):
        company.api().post(
            f"/api/v1/usage?source=claude_enterprise&initiative=code-assistant&day={day}",
            data=body,
            content_type="application/json",
        )
    with scope.organization(company.organization.pk):
        days = UsageFact.objects.values_list("period_start", flat=True).distinct()
        assert sorted(map(str, days)) == ["2026-10-06", "2026-10-07"]
        assert ImportBatch.objects.filter(source="claude_enterprise").count() == 2
