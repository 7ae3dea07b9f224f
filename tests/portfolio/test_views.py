"""The register and its pages as somebody uses them: over HTTP, in a role, in an organization."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, ImportBatch
from portfolio.calculations.stages import Rule, Stage
from portfolio.models import Eligibility, EligibilityRule, Initiative
from portfolio.refresh import rebuild_access
from portfolio.sources.register import ELIGIBILITY_TEMPLATE, INITIATIVES_TEMPLATE
from tests.builders import make_department, make_initiative, make_person, make_rule
from tests.cast import CANARY, Company

NEW = {
    "name": "Refund answers",
    "outcome": "Cut the time to answer a refund request from 26 hours to 8",
    "metric": "Median hours to answer",
    "baseline": "26 hours",
    "target": "8 hours",
    "target_date": "2027-03-31",
    "stage": "pilot",
}
PAGES = {
    "/initiatives/": {Role.PROGRAM_LEAD, Role.EXECUTIVE},
    "/initiatives/export.csv": {Role.PROGRAM_LEAD, Role.EXECUTIVE},
    "/initiatives/copilot/": {Role.PROGRAM_LEAD, Role.EXECUTIVE},
    "/initiatives/new/": {Role.PROGRAM_LEAD},
    "/initiatives/copilot/edit/": {Role.PROGRAM_LEAD},
    "/initiatives/copilot/eligibility/new/": {Role.PROGRAM_LEAD},
    "/initiatives/import/": {Role.PROGRAM_LEAD},
    "/initiatives/import/template.csv": {Role.PROGRAM_LEAD},
    "/initiatives/import/eligibility/": {Role.PROGRAM_LEAD, Role.ADMINISTRATOR},
    "/initiatives/import/eligibility/template.csv": {Role.PROGRAM_LEAD, Role.ADMINISTRATOR},
    "/scoring/": {Role.FACILITATOR},
}


def body_of(answer) -> bytes:
    """The whole answer; a file is closed by being read to its end."""
    return b"".join(answer) if answer.streaming else answer.content


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_for_its_roles_only(acme: Company, path: str, role: Role) -> None:
    answer = acme.client(role).get(path)
    body_of(answer)
    assert answer.status_code == (200 if role in PAGES[path] else 403)


@pytest.mark.parametrize("path", ["/initiatives/copilot/stage/", "/initiatives/copilot/edit/"])
def test_an_executive_changes_nothing(acme: Company, path: str) -> None:
    answer = acme.client(Role.EXECUTIVE).post(path, {**NEW, "stage": "stopped"})
    assert answer.status_code == 403
    with scope.organization(acme.organization.pk):
        assert Initiative.objects.get(key="copilot").stage == "live"


def test_the_register_shows_nothing_of_the_twin(acme: Company, twin: Company) -> None:
    client = acme.client(Role.PROGRAM_LEAD)
    for path in ("/initiatives/", "/initiatives/copilot/", "/initiatives/export.csv"):
        assert CANARY.encode() not in body_of(client.get(path))


def test_an_initiative_of_the_twin_is_not_there(acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        foreign = make_initiative(key="only-theirs")
        rule = make_rule(initiative=foreign)
    client = acme.client(Role.PROGRAM_LEAD)
    end = f"/eligibility/{rule.public_id}/end/"
    assert client.get("/initiatives/only-theirs/").status_code == 404
    assert client.get("/initiatives/only-theirs/edit/").status_code == 404
    assert client.post("/initiatives/only-theirs/stage/", {"stage": "live"}).status_code == 404
    for key in ("only-theirs", "copilot"):
        answer = client.post(f"/initiatives/{key}{end}", {"last_day": "2026-01-01"})
        assert answer.status_code == 404
    with scope.organization(twin.organization.pk):
        rule.refresh_from_db()
        assert rule.span.upper is None


def test_the_title_counts_what_stands_where(in_acme: Company) -> None:
    make_initiative(key="two", stage=Stage.PILOT)
    make_initiative(key="three", stage=Stage.STOPPED)
    page = in_acme.client(Role.EXECUTIVE).get("/initiatives/").content.decode()
    assert "3 initiatives: 1 live, 1 in pilot and 1 stopped" in page


def test_budgets_of_two_currencies_are_never_added(in_acme: Company) -> None:
    other = make_initiative(key="two", stage=Stage.PILOT)
    Initiative.objects.filter(pk=other.pk).update(currency="USD", monthly_budget="500.00")
    page = in_acme.client(Role.PROGRAM_LEAD).get("/initiatives/").content.decode()
    assert "€12k" in page
    assert "$500" in page


def test_a_budget_nobody_stated_is_not_a_zero(in_acme: Company) -> None:
    Initiative.objects.update(monthly_budget=None, currency="")
    page = in_acme.client(Role.PROGRAM_LEAD).get("/initiatives/").content.decode()
    assert "€0" not in page
    assert "none is stated" in page


def test_filters_leave_what_was_asked_for(in_acme: Company) -> None:
    make_initiative(key="refunds", name="Refund answers", stage=Stage.PILOT)
    client = in_acme.client(Role.PROGRAM_LEAD)
    assert keys_listed(client.get("/initiatives/?q=refund")) == ["refunds"]
    assert keys_listed(client.get("/initiatives/?stage=live")) == ["copilot"]
    assert keys_listed(client.get("/initiatives/?stage=nonsense")) == ["copilot", "refunds"]
    assert keys_listed(client.get("/initiatives/?sort=-name")) == ["refunds", "copilot"]
    assert b"Nothing fits" in client.get("/initiatives/?q=zebra").content


def keys_listed(answer) -> list[str]:
    return [line.key for line in answer.context["report"].page]


def test_an_empty_register_says_what_to_do(in_acme: Company) -> None:
    Initiative.objects.all().delete()
    lead = in_acme.client(Role.PROGRAM_LEAD).get("/initiatives/").content.decode()
    executive = in_acme.client(Role.EXECUTIVE).get("/initiatives/").content.decode()
    assert "/initiatives/new/" in lead
    assert "/initiatives/new/" not in executive
    assert "No initiative is registered yet" in executive


def test_the_file_says_unknown_and_guards_formulas(in_acme: Company) -> None:
    make_initiative(key="evil", name="=1+1")
    Initiative.objects.filter(key="evil").update(monthly_budget=None, currency="")
    answer = in_acme.client(Role.EXECUTIVE).get("/initiatives/export.csv?q=1%2B1")
    rows = list(csv.DictReader(io.StringIO(body_of(answer).decode("utf-8-sig"))))
    assert [row["key"] for row in rows] == ["evil"]
    assert rows[0]["name"] == "'=1+1"
    assert rows[0]["monthly_budget"] == "not known"
    assert rows[0]["owner"] == "not known"
    assert AuditEvent.objects.filter(action="initiatives.exported").count() == 1


def test_the_register_asks_the_database_as_often_for_many_as_for_one(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    client.get("/initiatives/")
    few = queries(client, "/initiatives/")
    for number in range(20):
        made = make_initiative(key=f"more-{number}")
        make_rule(initiative=made)
    assert queries(client, "/initiatives/") == few


def test_an_initiative_asks_as_often_for_many_rules_as_for_one(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    make_rule(initiative=in_acme.initiative, rule=Rule.DEPARTMENT, department=make_department())
    client.get("/initiatives/copilot/")
    few = queries(client, "/initiatives/copilot/")
    for number in range(10):
        make_rule(
            initiative=in_acme.initiative,
            rule=Rule.DEPARTMENT,
            department=make_department(path=f"Department {number}"),
        )
    assert queries(client, "/initiatives/copilot/") == few


def queries(client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


# --- registering ---------------------------------------------------------------------------------


def test_a_new_initiative_is_registered_with_a_key_from_its_name(in_acme: Company) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        "/initiatives/new/", {**NEW, "owner": "bo.chen@acme.test", "monthly_budget": "1200.50"}
    )
    assert answer.status_code == 302
    assert answer["Location"] == "/initiatives/refund-answers/"
    made = Initiative.objects.get(key="refund-answers")
    assert made.owner == in_acme.person
    assert (str(made.monthly_budget), made.currency) == ("1200.50", "EUR")
    assert made.promised_hours_per_year is None
    assert AuditEvent.objects.filter(action="initiative.created").count() == 1


def test_a_vague_outcome_is_refused_with_an_example(in_acme: Company) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        "/initiatives/new/", {**NEW, "outcome": "Implement generative AI"}
    )
    assert answer.status_code == 200
    assert b"A good one: Cut the time" in answer.content
    assert not Initiative.objects.filter(name=NEW["name"]).exists()


def test_a_similar_one_is_shown_and_wants_a_reason(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    like = {**NEW, "name": "Copilot for all"}
    first = client.post("/initiatives/new/", like)
    assert b"sounds like this one" in first.content
    assert b'href="/initiatives/copilot/"' in first.content
    second = client.post("/initiatives/new/", {**like, "needed": "on"})
    assert b"why joining one of these is not enough" in second.content
    third = client.post(
        "/initiatives/new/", {**like, "needed": "on", "reason": "Other people, other licence"}
    )
    assert third.status_code == 302
    event = AuditEvent.objects.get(action="initiative.registered_beside_similar")
    assert event.changes == {"similar": ["copilot"], "reason": "Other people, other licence"}


def test_a_key_that_is_taken_never_overwrites_its_initiative(in_acme: Company) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post("/initiatives/new/", {**NEW, "key": "copilot"})
    assert b"Another initiative has this key" in answer.content
    assert Initiative.objects.get(key="copilot").name == "Copilot"


@pytest.mark.parametrize("key", ["new", "import", "Has Spaces", "two--hyphens"])
def test_a_key_no_page_could_show_is_refused(in_acme: Company, key: str) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post("/initiatives/new/", {**NEW, "key": key})
    assert answer.status_code == 200
    assert "key" in answer.context["form"].errors


def test_a_name_without_letters_for_a_key_asks_for_one(in_acme: Company) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post("/initiatives/new/", {**NEW, "name": "物流"})
    assert "key" in answer.context["form"].errors


def test_a_person_of_the_twin_owns_nothing_here(in_acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_person(email="theirs@twin.test")
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        "/initiatives/new/", {**NEW, "owner": "theirs@twin.test"}
    )
    assert "owner" in answer.context["form"].errors


def test_a_department_of_the_twin_is_no_choice(in_acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_department(path="Only theirs")
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        "/initiatives/new/", {**NEW, "department": "Only theirs"}
    )
    assert "department" in answer.context["form"].errors
    assert b"Only theirs</option>" not in answer.content


def test_an_edit_keeps_what_the_form_shows_and_leaves_no_entry(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    Initiative.objects.update(owner=in_acme.person)
    form = client.get("/initiatives/copilot/edit/").context["form"]
    shown = {name: form[name].value() for name in form.fields}
    same = {name: value for name, value in shown.items() if value is not None}
    assert client.post("/initiatives/copilot/edit/", same).status_code == 302
    assert not AuditEvent.objects.filter(action="initiative.changed").exists()
    assert client.post("/initiatives/copilot/edit/", {**same, "target": "1"}).status_code == 302
    event = AuditEvent.objects.get(action="initiative.changed")
    assert event.changes == {"target": ["2", "1"]}


def test_a_stage_is_changed_once(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    for _ in range(2):
        client.post("/initiatives/copilot/stage/", {"stage": "paused"})
    assert Initiative.objects.get(key="copilot").stage == "paused"
    assert AuditEvent.objects.filter(action="initiative.stage_changed").count() == 1


def test_an_unknown_stage_changes_nothing(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    answer = client.post("/initiatives/copilot/stage/", {"stage": "gone"}, follow=False)
    assert answer.status_code == 302
    assert Initiative.objects.get(key="copilot").stage == "live"


# --- who may use it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        (Rule.ALL, {}),
        (Rule.DEPARTMENT, {"department": "Operations"}),
        (Rule.PERSON, {"person": "bo.chen@acme.test"}),
    ],
)
def test_a_rule_opens_access_at_once(in_acme: Company, rule: Rule, chosen: dict[str, str]) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        f"/initiatives/copilot/eligibility/new/?rule={rule}",
        {"first": "2026-01-05", "seat": "yes", **chosen},
    )
    assert answer.status_code == 302
    stored = EligibilityRule.objects.get()
    assert (stored.rule, stored.seat, stored.span.lower) == (rule, True, date(2026, 1, 5))
    assert Eligibility.objects.get().person == in_acme.person


def test_the_same_rule_twice_is_refused_in_words(in_acme: Company) -> None:
    client = in_acme.client(Role.PROGRAM_LEAD)
    sent = {"first": "2026-01-05"}
    path = "/initiatives/copilot/eligibility/new/?rule=all"
    assert client.post(path, sent).status_code == 302
    assert b"begins on that day already" in client.post(path, sent).content
    assert EligibilityRule.objects.count() == 1


def test_a_last_day_before_the_first_is_refused(in_acme: Company) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post(
        "/initiatives/copilot/eligibility/new/?rule=all",
        {"first": "2026-01-05", "last": "2026-01-04"},
    )
    assert "last" in answer.context["form"].errors
    assert not EligibilityRule.objects.exists()


def test_a_rule_is_ended_with_its_last_day(in_acme: Company) -> None:
    rule = make_rule(initiative=in_acme.initiative, first=date(2026, 1, 5))
    path = f"/initiatives/copilot/eligibility/{rule.public_id}/end/"
    in_acme.client(Role.PROGRAM_LEAD).post(path, {"last_day": "2026-06-30"})
    rule.refresh_from_db()
    assert rule.span.upper == date(2026, 7, 1)


def test_a_bad_last_day_leaves_the_rule_open(in_acme: Company) -> None:
    rule = make_rule(initiative=in_acme.initiative, first=date(2026, 1, 5))
    path = f"/initiatives/copilot/eligibility/{rule.public_id}/end/"
    client = in_acme.client(Role.PROGRAM_LEAD)
    for last in ("soon", "2025-01-01"):
        assert client.post(path, {"last_day": last}).status_code == 302
    rule.refresh_from_db()
    assert rule.span.upper is None


def test_people_are_counted_once_and_only_while_employed(in_acme: Company) -> None:
    today = date.today()  # noqa: DTZ011 - the page asks for the organization's day, which is UTC's
    make_person(email="left@acme.test", end=today - timedelta(days=1), department="Operations")
    make_person(email="here@acme.test", department="Operations")
    make_rule(initiative=in_acme.initiative)
    make_rule(
        initiative=in_acme.initiative,
        rule=Rule.DEPARTMENT,
        department=make_department(path="Operations"),
    )
    rebuild_access(organization_id=in_acme.organization.pk)
    report = in_acme.client(Role.PROGRAM_LEAD).get("/initiatives/copilot/").context["report"]
    assert report.people == 2
    assert [rule.people for rule in report.rules] == [2, 2]


def test_an_executive_sees_how_many_and_not_who(in_acme: Company) -> None:
    make_rule(initiative=in_acme.initiative, rule=Rule.PERSON, person=in_acme.person)
    rebuild_access(organization_id=in_acme.organization.pk)
    lead = in_acme.client(Role.PROGRAM_LEAD).get("/initiatives/copilot/").content.decode()
    executive = in_acme.client(Role.EXECUTIVE).get("/initiatives/copilot/").content.decode()
    assert "Bo Chen" in lead
    assert "Bo Chen" not in executive
    assert "1 person has access today, by 1 open rule" in executive


def test_an_initiative_open_to_nobody_says_so(in_acme: Company) -> None:
    page = in_acme.client(Role.PROGRAM_LEAD).get("/initiatives/copilot/").content.decode()
    assert "Copilot is live, but nobody may use it yet" in page


# --- files ---------------------------------------------------------------------------------------


def upload(name: str, text: str) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(name, text.encode())}


def test_a_file_of_initiatives_becomes_a_batch(in_acme: Company) -> None:
    header, row = INITIATIVES_TEMPLATE.splitlines()
    text = f"{header}\n{row}".replace("Operations / Customer service", "Operations")
    for name in ("elena.marsh", "grace.okafor"):
        make_person(email=f"{name}@acme.test")
    answer = in_acme.client(Role.PROGRAM_LEAD).post("/initiatives/import/", upload("a.csv", text))
    batch = ImportBatch.objects.get()
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/{batch.number}/")
    assert (batch.state, batch.accepted, batch.filename) == ("done", 1, "a.csv")
    assert Initiative.objects.filter(key="support-replies").exists()


def test_an_administrator_imports_who_may_use_what(in_acme: Company) -> None:
    text = ELIGIBILITY_TEMPLATE.replace("support-replies", "copilot").replace(
        "Operations / Customer service", "Operations"
    )
    client = in_acme.client(Role.ADMINISTRATOR)
    assert client.post("/initiatives/import/eligibility/", upload("e.csv", text)).status_code == 302
    assert EligibilityRule.objects.get().department.key == "Operations"
    again = client.post("/initiatives/import/eligibility/", upload("e.csv", text))
    assert again.status_code == 302
    assert ImportBatch.objects.count() == 1


@pytest.mark.parametrize("name", ["register.xls", "register"])
def test_a_file_of_another_form_is_refused_before_it_is_kept(in_acme: Company, name: str) -> None:
    answer = in_acme.client(Role.PROGRAM_LEAD).post("/initiatives/import/", upload(name, "x"))
    assert b"has to end in .csv, .xlsx" in answer.content
    assert not ImportBatch.objects.exists()


def test_the_scorer_is_told_that_nothing_is_open(in_acme: Company) -> None:
    page = in_acme.client(Role.FACILITATOR).get("/scoring/").content.decode()
    assert "No audit is open" in page
    assert "Copilot" not in page
