"""What is deleted every night, and what stays (SECURITY 5, R7)."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from adoption.models import (
    AdoptionState,
    GroupWeek,
    PersonWeek,
    SourceWeek,
    UsageFact,
    UsageFactHistory,
)
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.actions.retention import retain
from organizations.actions.trail import verify
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Role
from organizations.models import (
    AuditEvent,
    BatchChunk,
    ImportBatch,
    Invitation,
    Organization,
    PersonView,
    RowError,
)
from organizations.registry import night_steps
from portfolio.calculations.stages import Rule
from portfolio.refresh import rebuild_access
from tests.builders import imported, make_batch, make_organization, make_person, make_rule
from tests.cast import Company

BEGAN = date(2025, 6, 2)
WEEKS = 70
NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ERASURE_JOURNAL", tmp_path / "erasures.jsonl")


def usage(company: Company, rows: list[dict[str, Any]], *, at: datetime) -> ImportBatch:
    batch = make_batch(
        "\n".join(json.dumps({"initiative": "copilot", "surface": "chat", **row}) for row in rows),
        organization=company.organization,
        kind=BatchKind.USAGE,
        content_type="application/x-ndjson",
        now=at,
    )
    return imported(batch, now=at)


@pytest.fixture
def company(in_acme: Company) -> Company:
    """Seventy weeks of six people, counted week by week as they would have been."""
    people = [make_person(email=f"p{n}@acme.test", department="Operations") for n in range(6)]
    make_rule(initiative=in_acme.initiative, rule=Rule.ALL)
    rebuild_access(
        organization_id=in_acme.organization.pk,
        person_ids=[in_acme.person.pk, *(person.pk for person in people)],
    )
    rows = [
        {
            "subject": f"email:p{n}@acme.test",
            "day": str(BEGAN + timedelta(weeks=week)),
            "interactions": 2,
        }
        for week in range(WEEKS)
        for n in range(6)
        if (week + n) % 3
    ]
    first = datetime(2026, 4, 1, tzinfo=UTC)
    early = [row for row in rows if row["day"] < "2026-04-01"]
    usage(in_acme, early, at=first)
    refresh_adoption(organization_id=in_acme.organization.pk, now=first)
    usage(in_acme, [row for row in rows if row not in early], at=NOW)
    refresh_adoption(organization_id=in_acme.organization.pk, now=NOW)
    return in_acme


def published() -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = ("week", "dimension", "group_id", "initiative_id")
    return {tuple(row[key] for key in keys): row for row in GroupWeek.objects.values()}


def run(company: Company, now: datetime = NOW) -> dict[str, int]:
    """The night's step; what it recorded."""
    retain(organization_id=company.organization.pk, now=now)
    entry = AuditEvent.objects.filter(action="retention.done").latest("sequence")
    return dict(entry.changes)


def test_usage_older_than_the_months_kept_is_gone(company: Company) -> None:
    counts = run(company)
    oldest = UsageFact.objects.order_by("period_start").first()
    assert oldest is not None
    assert oldest.period_start >= date(2025, 9, 1)
    assert not PersonWeek.objects.filter(week__lt=date(2025, 9, 1)).exists()
    assert counts["usage"] > 0
    assert run(company)["usage"] == 0


def test_figures_of_groups_stay_whatever_is_counted_afterwards(company: Company) -> None:
    before = published()
    weeks = set(SourceWeek.objects.values_list("week", "initiative_id", "state"))
    assert min(key[0] for key in before) < date(2025, 9, 1)
    run(company)
    refresh_adoption(organization_id=company.organization.pk, now=NOW)
    final = AdoptionState.objects.get(pk=company.organization.pk).final_before
    assert final is not None
    after = published()
    assert {k: v for k, v in after.items() if k[0] < final} == {
        k: v for k, v in before.items() if k[0] < final
    }
    # Recent weeks: nobody's activity in them has changed.
    for key, row in before.items():
        for flag in ("eligible", "active", "elig4", "habitual", "flow_retained"):
            assert after[key][flag] == row[flag]
    assert set(SourceWeek.objects.values_list("week", "initiative_id", "state")) == weeks
    refresh_adoption(organization_id=company.organization.pk, now=NOW, full=True)
    assert published() == after


def test_a_much_shorter_time_takes_a_few_nights(company: Company) -> None:
    Organization.objects.filter(pk=company.organization.pk).update(usage_months=3)
    before = published()
    nights = 0
    while run(company)["usage"]:
        refresh_adoption(organization_id=company.organization.pk, now=NOW)
        nights += 1
    assert nights == 3
    assert UsageFact.objects.earliest("period_start").period_start >= date(2026, 7, 1)
    assert published().keys() == before.keys()
    assert {key: row["active"] for key, row in published().items()} == {
        key: row["active"] for key, row in before.items()
    }


def test_old_versions_of_facts_go_after_ninety_days(company: Company) -> None:
    row = {"subject": "email:p1@acme.test", "day": "2026-09-28", "interactions": 9}
    usage(company, [row], at=NOW + timedelta(hours=1))
    assert UsageFactHistory.objects.count() == 1
    run(company, NOW + timedelta(days=89))
    assert UsageFactHistory.objects.count() == 1
    run(company, NOW + timedelta(days=91))
    assert UsageFactHistory.objects.count() == 0


def test_originals_go_and_batches_stay_with_their_counts(in_acme: Company) -> None:
    batch = usage(in_acme, [{"subject": "nonsense", "day": "2026-10-05"}], at=NOW)
    run(in_acme, NOW + timedelta(days=89))
    assert BatchChunk.objects.filter(batch=batch).exists()
    assert RowError.objects.get().value == "nonsense"
    counts = run(in_acme, NOW + timedelta(days=91))
    assert counts["originals"] == 1
    assert not BatchChunk.objects.exists()
    batch.refresh_from_db()
    assert (batch.rejected, RowError.objects.get().value) == (1, "")


def test_looks_and_closed_invitations_go_after_their_time(in_acme: Company) -> None:
    PersonView.objects.create(person=in_acme.person, viewer_role="champion", what="x", at=NOW)
    Invitation.objects.create(
        email="late@acme.test",
        roles=["member"],
        token_hash="0" * 64,
        expires_at=NOW,
        revoked_at=NOW,
    )
    run(in_acme, NOW + timedelta(days=29))
    assert (PersonView.objects.count(), Invitation.objects.count()) == (1, 1)
    assert run(in_acme, NOW + timedelta(days=31))["doors"] == 1
    assert run(in_acme, NOW + timedelta(days=400))["views"] == 1


def test_a_night_without_anything_to_delete_is_recorded_as_well(in_acme: Company) -> None:
    assert set(run(in_acme).values()) == {0}


def test_the_twin_keeps_its_own(company: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        PersonView.objects.create(person=twin.person, viewer_role="champion", what="x", at=NOW)
    run(company, NOW + timedelta(days=400))
    with scope.organization(twin.organization.pk):
        assert PersonView.objects.count() == 1


def test_every_night_does_it_and_the_page_tells_what_the_last_one_deleted(
    in_acme: Company,
) -> None:
    assert "retention" in {step.name for step in night_steps}
    client = in_acme.client(Role.AUDITOR)
    assert "No night has run yet" in client.get("/settings/privacy/").content.decode()
    usage(in_acme, [{"subject": "email:p1@acme.test", "day": "2026-10-05"}], at=NOW)
    run(in_acme, NOW + timedelta(days=91))
    html = client.get("/settings/privacy/").content.decode()
    assert "What the last night deleted" in html
    assert "Import originals" in html


def test_the_oldest_entries_of_the_trail_go_and_the_chain_still_holds(db: None) -> None:
    own = make_organization(name="Old").pk
    with scope.organization(own):
        for year in (2017, 2018):
            retain(organization_id=own, now=datetime(year, 1, 1, tzinfo=UTC))
        retain(organization_id=own, now=datetime(2024, 7, 1, tzinfo=UTC))
        left = AuditEvent.objects.order_by("sequence")
        assert [entry.at.year for entry in left] == [2018, 2024]
        assert left[1].changes["trail"] == 1
        assert verify(organization_id=own) is None
