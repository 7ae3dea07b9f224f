"""A company with something behind every door, and the addresses of that something."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from organizations import scope
from organizations.calculations.actor import SYSTEM
from organizations.models import ApiKey, ImportBatch, Organization, Subject, SubjectLink
from portfolio.models import EligibilityRule
from sprints.actions import start_sprint
from sprints.tasks import refresh
from tests.cast import Company

PEOPLE = 9


@dataclass(frozen=True, kw_only=True)
class Things:
    """What stands in addresses. A twin's things are named so that only the twin has them."""

    number: str
    api_key: str
    subject: str
    initiative: str
    rule: str

    def address(self, route: str) -> str:
        """The address of a route: converters, then named groups, then the marks of a regex."""
        values = {"number": self.number, "initiative": self.initiative}
        public = (
            self.api_key if "keys/" in route else self.rule if "/end/" in route else self.subject
        )
        text = re.sub(r"<int:number>|\(\?P<number>[^)]*\)", values["number"], route)
        text = text.replace("<slug:key>", values["initiative"]).replace("<uuid:public_id>", public)
        text = re.sub(r"\(\?P<(?:uidb36|key)>[^)]*\)", "abc", text)
        return "/" + text.replace("^", "").replace("/?$", "").replace("$", "")


@dataclass(frozen=True, kw_only=True)
class World:
    acme: Company
    twin: Company
    ours: Things
    theirs: Things


def furnish(company: Company, *, canary: str = "") -> Things:
    """Post people, rules and usage with a bad row and an unknown subject, start a sprint, refresh.

    With `canary` every text that is the company's own carries it, and its things have keys and
    numbers that the other company has not.
    """
    now = datetime.now(UTC)
    only = f"{canary.lower()}-only" if canary else "copilot"
    api = company.api()
    post(api, "people", _people(canary))
    if canary:
        post(api, "initiatives", _INITIATIVES.format(key=only, name=f"{canary} initiative"))
    post(api, "eligibility", f"initiative,rule,from\n{only},all,2026-01-01\n")
    # More batches than the other company has: the last number is nobody else's.
    for extra in range(3 if canary else 0):
        post(api, "usage", _usage(f"extra{extra}", now.date(), canary))
    last = post(api, "usage", _usage(only, now.date(), canary))
    with scope.organization(company.organization.pk):
        start_sprint(
            organization_id=company.organization.pk,
            name=f"Sprint {canary}".strip(),
            starts_on=now.date() - timedelta(days=30),
            actor=SYSTEM,
            now=now,
        )
        if canary:
            ApiKey.objects.update(name=f"{canary} key")
        refresh(company.organization.pk)
        linked = SubjectLink.objects.values("subject_id")
        return Things(
            number=str(last),
            api_key=str(ApiKey.objects.get().public_id),
            subject=str(Subject.objects.exclude(pk__in=linked).latest("pk").public_id),
            initiative=only,
            rule=str(EligibilityRule.objects.get().public_id),
        )


def post(api, kind: str, body: str) -> int:  # type: ignore[no-untyped-def]
    answer = api.post(f"/api/v1/{kind}", body, content_type="text/csv")
    assert answer.status_code == 200, answer.content
    return int(answer.json()["batch"])


_INITIATIVES = (
    "key,name,stage,department,owner_email,outcome,metric,baseline,target,target_date\n"
    "{key},{name},live,,,Cases are answered within 2 hours instead of 6,Median hours,6,2,2027-03-31"
    "\n"
)


def _people(canary: str) -> str:
    lines = ["external_id,email,name,department,job_role"]
    lines += [
        f"p{n},p{n}@acme.test,Pat {n} {canary},Operations / Warehouse{canary},Picker {canary}"
        for n in range(PEOPLE)
    ]
    return "\n".join(lines) + "\n"


def _usage(initiative: str, today: date, canary: str) -> str:
    """Four weeks of use, one subject nobody knows, one row without a meaning."""
    monday = today - timedelta(days=today.weekday() + 28)
    known = initiative if not initiative.startswith("extra") else "copilot"
    lines = ["initiative,subject,day,surface,interactions"]
    lines += [
        f"{known},email:p{n}@acme.test,{monday + timedelta(weeks=week)},chat,{n + week + 1}"
        for n in range(PEOPLE - 2)
        for week in range(4)
    ]
    lines.append(f"{known},login:stranger{canary}{initiative},{monday},chat,3")
    lines.append(f"{known},email:p1@acme.test,{canary or 'yesterday'},chat,1")
    return "\n".join(lines) + "\n"


def numbers_of(organization: Organization) -> set[int]:
    with scope.organization(organization.pk):
        return set(ImportBatch.objects.values_list("number", flat=True))
