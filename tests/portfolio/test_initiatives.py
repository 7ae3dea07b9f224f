"""The register: by page and by file, with a trail of what was changed."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from organizations import scope
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind
from organizations.models import AuditEvent, ImportBatch, Organization
from portfolio.actions.initiatives import (
    BadKey,
    InitiativeValues,
    VagueOutcome,
    change_stage,
    save_initiative,
)
from portfolio.calculations.stages import Origin, Stage
from portfolio.models import Initiative
from tests.builders import (
    NOW,
    imported,
    make_batch,
    make_department,
    make_initiative,
    make_key,
    make_organization,
    make_person,
    make_user,
)

pytestmark = pytest.mark.django_db

HEADER = (
    "key,name,stage,owner_email,department,outcome,metric,baseline,target,target_date,"
    "monthly_budget,currency,origin\n"
)
ROW = (
    "support-replies,Support replies,pilot,bo.chen@acme.test,Operations / Phones,"
    "Cut the time to answer a refund from 26 hours to 8,Median hours,26,8,2027-03-31,"
    "12000.00,,business\n"
)
VALUES = InitiativeValues(
    key="support-replies",
    name="Support replies",
    stage=Stage.PROPOSED,
    outcome="Cut the time to answer a refund from 26 hours to 8",
    metric="Median hours",
    baseline="26",
    target="8",
    target_date=date(2027, 3, 31),
)


@pytest.fixture
def organization():
    made = make_organization(currency="EUR")
    with scope.organization(made.pk):
        make_person(email="bo.chen@acme.test")
        make_department(path="Operations / Phones")
        yield made


@pytest.fixture
def lead(organization):
    return Actor(kind="user", id=make_user().pk)


def send(organization: Organization, rows: str, **more) -> ImportBatch:
    return imported(
        make_batch(HEADER + rows, organization=organization, kind=BatchKind.INITIATIVES, **more)
    )


def sums(batch: ImportBatch) -> tuple[int, int, int, int]:
    return batch.accepted, batch.revised, batch.duplicate, batch.rejected


def errors(batch: ImportBatch) -> list[tuple[int, str, str]]:
    return list(batch.row_errors.order_by("number").values_list("line", "field", "code"))


def test_a_row_registers_an_initiative_with_its_people_and_money(organization):
    assert sums(send(organization, ROW)) == (1, 0, 0, 0)
    stored = Initiative.objects.get()
    assert (stored.owner.email, stored.department.key) == (
        "bo.chen@acme.test",
        "Operations / Phones",
    )
    assert (stored.stage, stored.origin) == (Stage.PILOT, Origin.BUSINESS)
    assert (stored.monthly_budget, stored.currency) == (Decimal("12000.00"), "EUR")


def test_the_same_file_again_changes_nothing_and_another_one_revises(organization):
    send(organization, ROW)
    assert sums(send(organization, ROW)) == (0, 0, 1, 0)
    revised = send(organization, ROW.replace(",pilot,", ",live,").replace("12000.00", ""))
    assert sums(revised) == (0, 1, 0, 0)
    stored = Initiative.objects.get()
    assert (stored.stage, stored.monthly_budget) == (Stage.LIVE, Decimal("12000.00"))
    [entry] = AuditEvent.objects.filter(action="initiative.changed")
    assert entry.changes == {"stage": ["pilot", "live"]}


def test_what_this_organization_does_not_have_is_a_row_error(organization):
    twin = make_organization(name="Twin")
    with scope.organization(twin.pk):
        make_person(email="twin@acme.test")
    batch = send(
        organization,
        ROW.replace("bo.chen@", "twin@") + ROW.replace("Phones", "Nowhere").replace("support", "x"),
    )
    assert errors(batch) == [
        (2, "owner_email", "unknown_person"),
        (3, "department", "unknown_department"),
    ]
    assert not Initiative.objects.exists()


def test_two_different_rows_of_one_key_are_both_refused_and_equal_ones_are_one(organization):
    batch = send(organization, ROW + ROW.replace("pilot", "live"))
    assert [code for _, _, code in errors(batch)] == ["conflicting_rows"] * 2
    assert sums(send(organization, ROW + ROW)) == (1, 0, 1, 0)


def test_a_pinned_key_writes_its_own_initiative_only(organization):
    key = make_key(organization=organization, pinned_initiative="other").key
    batch = make_batch(ROW and HEADER + ROW, organization=organization, kind=BatchKind.INITIATIVES)
    ImportBatch.objects.filter(pk=batch.pk).update(api_key=key)
    batch.refresh_from_db()
    assert errors(imported(batch)) == [(2, "key", "outside_pin")]


def test_a_vague_outcome_is_refused_with_an_example(organization, lead):
    with pytest.raises(VagueOutcome) as refusal:
        save_initiative(
            values=replace(VALUES, outcome="Implement generative AI"), actor=lead, now=NOW
        )
    assert "hours" in refusal.value.remedy
    assert (
        errors(
            send(
                organization,
                ROW.replace("Cut the time to answer a refund from 26 hours to 8", "Use AI"),
            )
        )[0][2]
        == "vague_outcome"
    )


def test_a_key_is_a_slug(organization, lead):
    with pytest.raises(BadKey):
        save_initiative(values=replace(VALUES, key="Support replies"), actor=lead, now=NOW)


def test_saving_by_key_creates_then_edits_and_says_what_changed(organization, lead):
    made = save_initiative(values=VALUES, actor=lead, now=NOW)
    same = save_initiative(values=VALUES, actor=lead, now=NOW)
    edited = save_initiative(
        values=replace(VALUES, target="6", monthly_budget=Decimal("900.00")), actor=lead, now=NOW
    )
    assert made.pk == same.pk == edited.pk
    assert Initiative.objects.get().target == "6"
    entries = AuditEvent.objects.filter(object_id=str(made.public_id)).order_by("sequence")
    assert [entry.action for entry in entries] == ["initiative.created", "initiative.changed"]
    assert entries[1].changes == {"target": ["8", "6"], "monthly_budget": [None, "900.00"]}


def test_a_stage_changes_once(organization, lead):
    initiative = make_initiative(stage=Stage.PILOT)
    assert change_stage(initiative=initiative, stage=Stage.LIVE, actor=lead, now=NOW)
    assert not change_stage(initiative=initiative, stage=Stage.LIVE, actor=lead, now=NOW)
    [entry] = AuditEvent.objects.filter(action="initiative.stage_changed")
    assert entry.changes == {"stage": ["pilot", "live"]}
