"""Every door of data, told lies: each case is answered as it must be, and leaves nothing behind.

Refusals and acceptances are scored apart: a door that refuses everything is as wrong as one that
takes everything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from adoption.models import UsageFact
from organizations import scope
from organizations.models import ImportBatch, Organization, Person, RowError, Subject
from organizations.sources.reading import ECHOED_CHARACTERS
from portfolio.models import EligibilityRule, Initiative
from tests.cast import Company, make_company
from tests.corpus import cases
from tests.corpus.case import SECRETS, Case, Refused, Rows, Taken
from tests.transactions import taken_back

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MONTHS = ("2026-03-01", "2026-12-01")
EFFECTS = (UsageFact, Subject, Person, Initiative, EligibilityRule)
MUCH = 100_000
SUMS = ("accepted", "revised", "duplicate", "rejected")


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of one case."""

    case: Case
    status: int
    answer: dict[str, Any]
    text: str
    batch: str
    refusals: str
    found: frozenset[str]
    left: int

    @property
    def errors(self) -> tuple[tuple[int, str, str], ...]:
        return tuple((e["line"], e["field"], e["code"]) for e in self.answer.get("errors", ()))

    def sums(self) -> tuple[int, ...]:
        return tuple(self.answer[name] for name in SUMS)

    def fault(self) -> str:
        """What is wrong with the answer; nothing where it is the expected one."""
        expected = self.case.answer
        if isinstance(expected, Refused):
            return self._refused(expected)
        if self.status != getattr(expected, "status", 200):
            return f"{self.status}: {self.text[:300]}"
        return self._rows(expected) if isinstance(expected, Rows) else self._taken(expected)

    def _refused(self, expected: Refused) -> str:
        if (self.status, self.answer.get("code")) != (expected.status, expected.code):
            return f"{self.status} {self.answer.get('code')}: {self.text[:300]}"
        if self.left:
            return f"{self.left} rows of it are stored."
        kept = self.batch not in ("", "refused") and self.case.before is None
        return f"The batch is {self.batch}." if kept else ""

    def _rows(self, expected: Rows) -> str:
        if self.errors != expected.errors:
            return f"errors {self.errors}"
        rejected = len(expected.errors) if expected.rejected is None else expected.rejected
        if self.sums() != (expected.kept, 0, 0, rejected):
            return f"sums {self.sums()}"
        return "" if expected.kept or not self.left else f"{self.left} rows of it are stored."

    def _taken(self, expected: Taken) -> str:
        if self.errors or self.sums() != (
            expected.accepted,
            expected.revised,
            expected.duplicate,
            0,
        ):
            return f"sums {self.sums()}, errors {self.errors}"
        if self.answer["lines_empty"] != expected.empty:
            return f"{self.answer['lines_empty']} empty lines"
        if missing := set(expected.finds) - self.found:
            return f"not found: {missing}, but {sorted(self.found)}"
        warned = " ".join(self.answer["warnings"])
        wrong = expected.warns not in warned or (warned and not expected.warns)
        return f"warnings: {warned}" if wrong else ""


# One worker plays the whole corpus once; two would play it twice.
pytestmark = pytest.mark.xdist_group("corpus")


def send(client: Client, case: Case, body: bytes) -> Any:
    return client.generic(
        "POST",
        f"/api/v1/{case.door}" + (f"?{case.query}" if case.query else ""),
        data=body,
        content_type=case.media,
        # The test client leaves both out where there is no body.
        CONTENT_TYPE=case.media,
        CONTENT_LENGTH=str(len(body)),
        headers=dict(case.headers),
    )


def found() -> frozenset[str]:
    subjects = (
        f"{kind}:{name}" for kind, name in Subject.objects.values_list("kind", "external_id")
    )
    days = (day.isoformat() for day in UsageFact.objects.values_list("period_start", flat=True))
    people = Person.objects.values_list("external_id", "email")
    names = (name for key, email in people for name in (f"person:{key}", email))
    keys = (f"initiative:{key}" for key in Initiative.objects.values_list("key", flat=True))
    return frozenset([*subjects, *days, *names, *keys])


def rows_with_effect() -> int:
    return sum(model.objects.count() for model in EFFECTS)


def play(company: Company, client: Client, case: Case, *, there: int) -> Played:
    """Send the case's body and note what came of it; then take everything back.

    there: rows with effect that stood there before.
    """
    with taken_back(), scope.opened():
        if case.before is not None:
            send(client, case, case.before)
            with scope.organization(company.organization.pk):
                there = rows_with_effect()
        answer = send(client, case, case.bytes())
        with scope.organization(company.organization.pk):
            newest = ImportBatch.objects.order_by("-number").first()
            told = RowError.objects.values_list("field", "message", "value")
            problems = ImportBatch.objects.values_list("problem", "warnings", "initiative")
            json = answer.headers.get("Content-Type", "").partition(";")[0].endswith("json")
            return Played(
                case=case,
                status=answer.status_code,
                answer=answer.json() if json else {},
                text=answer.content.decode(),
                batch=newest.state if newest else "",
                refusals=repr([*told, *problems]),
                found=found()
                if isinstance(case.answer, Taken) and case.answer.finds
                else frozenset(),
                left=rows_with_effect() - there,
            )


Play = Callable[[str], Played]


@pytest.fixture(scope="module")
def play_case(django_db_setup: None, django_db_blocker: Any) -> Iterator[Play]:
    """Plays a case of this name, once per module. The organization lives by Berlin's clock."""
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False), taken_back():
        with scope.opened():
            company = make_company(name="Acme", domain="acme.test")
        Organization.objects.update(time_zone="Europe/Berlin")
        with connection.cursor() as cursor:
            cursor.execute("SELECT ensure_usage_months(%s, %s)", MONTHS)
        client = company.api()
        client.raise_request_exception = False
        with scope.opened(), scope.organization(company.organization.pk):
            there = rows_with_effect()
        kept: dict[str, Played] = {}

        def play_once(name: str) -> Played:
            if name not in kept:
                kept[name] = play(company, client, cases.CASES[name], there=there)
            return kept[name]

        yield play_once


@pytest.mark.parametrize("name", cases.CASES)
def test_each_case_is_answered_as_it_must_be(name: str, play_case: Play) -> None:
    assert play_case(name).fault() == ""


@pytest.mark.parametrize("refusals", [True, False], ids=["refusals", "acceptances"])
def test_refusals_and_acceptances_score_full_marks_each(refusals: bool, play_case: Play) -> None:
    asked = [name for name, case in cases.CASES.items() if case.refusal is refusals]
    failed = {name: fault for name in asked if (fault := play_case(name).fault())}
    assert len(asked) >= 50, "A score over a handful says nothing."
    score = f"{len(asked) - len(failed)} of {len(asked)}"
    assert not failed, "\n".join([score, *(f"{name}: {fault}" for name, fault in failed.items())])


def test_nothing_is_ever_answered_by_a_fault_of_ours(play_case: Play) -> None:
    answers = {name: play_case(name).status for name in cases.CASES}
    assert {name: status for name, status in answers.items() if status >= 500} == {}


def test_every_refusal_is_a_problem_document_with_a_code(play_case: Play) -> None:
    for name in cases.CASES:
        played = play_case(name)
        assert played.status < 400 or {"code", "detail", "title"} <= played.answer.keys(), name


def test_no_answer_and_no_stored_refusal_repeats_a_secret_or_much_of_the_body(
    play_case: Play,
) -> None:
    for name, case in cases.CASES.items():
        played = play_case(name)
        shown = played.text + played.refusals
        assert not [secret for secret in SECRETS if secret in shown], name
        # The large bodies are one word over and over.
        sent = case.query + case.bytes()[:MUCH].decode("utf-8", "replace")
        assert echoed(played.text, sent) == "", name


def echoed(answer: str, sent: str) -> str:
    """The first passage of the answer, longer than may be echoed, that was sent."""
    length = ECHOED_CHARACTERS + 1
    passages = (answer[at : at + length] for at in range(len(answer) - length + 1))
    return next((passage for passage in passages if passage in sent), "")


def test_the_corpus_is_large_and_its_names_are_its_own() -> None:
    assert len(cases.CASES) == sum(len(group.CASES) for group in cases.GROUPS) >= 150
