"""The usage agreement and the rules it speaks of (SECURITY 5, R6)."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from organizations import scope
from organizations.calculations.agreement import (
    Rules,
    Section,
    changed_rules,
    default_text,
    differences,
)
from organizations.calculations.retention import first_day_kept
from organizations.calculations.roles import Role
from organizations.models import Agreement, AuditEvent, Organization
from tests.cast import Company

RULES = Rules(
    k_min=5,
    usage_months=13,
    originals_days=90,
    survey_months=12,
    access_days=30,
    trail_years=7,
    champion_sees="consent",
)
FORM = {
    "k_min": 5,
    "champion_sees": "consent",
    "usage_months": 13,
    "originals_days": 90,
    "survey_months": 12,
    "access_days": 30,
    "trail_years": 7,
}


def texts(**more: str) -> dict[str, str]:
    return {section.value: f"About {section.value}." for section in Section} | more


def publish(company: Company, **more: str) -> None:
    client = company.client(Role.ADMINISTRATOR)
    assert client.post("/agreement/edit/", texts(**more)).status_code == 302
    assert client.post("/agreement/publish/").status_code == 302


def actions(company: Company) -> list[str]:
    with scope.organization(company.organization.pk):
        return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


# --- the text ---------------------------------------------------------------------------------
def test_the_generated_text_says_the_rules_in_force() -> None:
    text = default_text(rules=RULES, sources=["Cursor", "Copilot"])
    assert "from Copilot and Cursor" in text["collected"]
    assert "groups of 5 or more" in text["seen_by"]
    assert "only if you say yes" in text["seen_by"]
    assert "13 months" in text["kept"]
    assert "never stored" in text["collected"]


@pytest.mark.parametrize(
    ("sees", "said"),
    [("informed", "may see your name"), ("never", "your champion neither")],
)
def test_the_generated_text_follows_what_a_champion_sees(sees: str, said: str) -> None:
    rules = Rules(**(vars(RULES) | {"champion_sees": sees}))
    assert said in default_text(rules=rules, sources=[])["seen_by"]


def test_differences_tell_added_and_removed_words_apart() -> None:
    pieces = differences(before="kept 13 months then deleted", after="kept 6 months then deleted")
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("kept", "kept"),
        ("removed", "13"),
        ("added", "6"),
        ("kept", "months then deleted"),
    ]


def test_a_rule_that_differs_from_the_published_one_is_named() -> None:
    published = vars(RULES) | {"usage_months": 12}
    assert changed_rules(published=published, rules=RULES) == ["Usage of a person kept, months"]


def test_months_kept_are_whole_calendar_months() -> None:
    assert first_day_kept(today=date(2026, 11, 21), months=13) == date(2025, 10, 1)
    assert first_day_kept(today=date(2026, 1, 31), months=3) == date(2025, 10, 1)


# --- the page ---------------------------------------------------------------------------------
@pytest.mark.parametrize("role", sorted(Role))
def test_everybody_reads_it_and_only_administrators_write(acme: Company, role: Role) -> None:
    client = acme.client(role)
    assert client.get("/agreement/").status_code == 200
    status = client.get("/agreement/edit/").status_code
    assert status == (200 if role is Role.ADMINISTRATOR else 403)


def test_without_a_published_version_the_rules_themselves_are_shown(acme: Company) -> None:
    html = acme.client(Role.MEMBER).get("/agreement/").content.decode()
    assert "No agreement is published yet; this is what the program does</h1>" in html
    assert "groups of 5 or more people" in html


def test_a_draft_is_seen_by_nobody_until_it_is_published(acme: Company) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    client.post("/agreement/edit/", texts(purpose="To learn what helps."))
    assert "To learn what helps." in client.get("/agreement/draft/").content.decode()
    assert "To learn" not in acme.client(Role.MEMBER).get("/agreement/").content.decode()
    client.post("/agreement/publish/")
    html = acme.client(Role.MEMBER).get("/agreement/").content.decode()
    assert "To learn what helps." in html
    assert "Version 1 of the usage agreement of Acme" in html
    assert actions(acme)[-2:] == ["agreement.drafted", "agreement.published"]


def test_an_older_version_stays_and_the_newer_shows_what_differs(acme: Company) -> None:
    publish(acme, kept="Kept 13 months.")
    publish(acme, kept="Kept 6 months.")
    html = acme.client(Role.AUDITOR).get("/agreement/").content.decode()
    assert "<del>13</del>" in html
    assert "<ins>6</ins>" in html
    old = acme.client(Role.AUDITOR).get("/agreement/1/").content.decode()
    assert "Version 1, replaced since</h1>" in old
    assert "Kept 13 months." in old


def test_saving_twice_is_one_draft_and_discarding_leaves_none(acme: Company) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    client.post("/agreement/edit/", texts())
    client.post("/agreement/edit/", texts(purpose="Other."))
    with scope.organization(acme.organization.pk):
        assert [row.body["purpose"] for row in Agreement.objects.all()] == ["Other."]
    client.post("/agreement/discard/")
    assert client.get("/agreement/draft/").status_code == 302
    client.post("/agreement/publish/")
    with scope.organization(acme.organization.pk):
        assert not Agreement.objects.exists()


def test_what_is_written_is_shown_as_text(acme: Company) -> None:
    publish(acme, purpose="<script>alert(1)</script>")
    assert b"<script>alert(1)" not in acme.client(Role.MEMBER).get("/agreement/").content


def test_the_twins_version_is_not_there(acme: Company, twin: Company) -> None:
    publish(twin)
    assert acme.client(Role.ADMINISTRATOR).get("/agreement/1/").status_code == 404


# --- the rules --------------------------------------------------------------------------------
def test_a_change_of_rules_is_recorded_and_not_yet_agreed(acme: Company) -> None:
    publish(acme)
    client = acme.client(Role.ADMINISTRATOR)
    assert client.post("/settings/privacy/edit/", FORM | {"usage_months": 6}).status_code == 302
    with scope.organization(acme.organization.pk):
        entry = AuditEvent.objects.get(action="privacy.changed")
    assert entry.changes == {"usage_months": [13, 6]}
    html = client.get("/settings/privacy/").content.decode()
    assert "Not yet in the published agreement: Usage of a person kept, months." in html
    told = acme.client(Role.MEMBER).get("/agreement/").content.decode()
    assert "not yet agreed: Usage of a person kept, months." in told
    publish(acme)
    assert "Not yet in" not in client.get("/settings/privacy/").content.decode()


def test_saving_the_same_rules_records_nothing(acme: Company) -> None:
    before = actions(acme)
    acme.client(Role.ADMINISTRATOR).post("/settings/privacy/edit/", FORM)
    assert actions(acme) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("k_min", 4),
        ("usage_months", 2),
        ("usage_months", 26),
        ("originals_days", 0),
        ("access_days", 6),
        ("trail_years", 0),
        ("champion_sees", "everything"),
    ],
)
def test_a_rule_out_of_bounds_is_refused(acme: Company, field: str, value: object) -> None:
    answer = acme.client(Role.ADMINISTRATOR).post("/settings/privacy/edit/", FORM | {field: value})
    assert answer.status_code == 200
    assert f'id="{"id_" + field}_error"' in answer.content.decode() or b"error" in answer.content
    organization = Organization.objects.get(pk=acme.organization.pk)
    assert getattr(organization, field) == getattr(acme.organization, field)


def test_the_database_refuses_a_group_below_five(acme: Company) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Organization.objects.filter(pk=acme.organization.pk).update(k_min=4)


@pytest.mark.parametrize("role", sorted(Role))
def test_the_rules_are_read_by_administrators_and_auditors(acme: Company, role: Role) -> None:
    client = acme.client(role)
    reads = role in {Role.ADMINISTRATOR, Role.AUDITOR}
    assert client.get("/settings/privacy/").status_code == (200 if reads else 403)
    writes = role is Role.ADMINISTRATOR
    assert client.get("/settings/privacy/edit/").status_code == (200 if writes else 403)
