"""One absurd count must not stop the figures of an organization."""

import json
from datetime import UTC, datetime

import pytest

from adoption.models import PersonWeek
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.calculations.jobs import BatchKind
from tests.builders import imported, make_batch
from tests.cast import Company

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
MOST = 2**63 - 1


@pytest.mark.parametrize("surfaces", [("chat", "chat"), ("chat", "cli")])
def test_a_week_of_more_than_63_bits_is_shown_as_the_largest_count(
    surfaces: tuple[str, str], acme: Company
) -> None:
    """On two days, and on one day in two places."""
    days = ("2026-10-05", "2026-10-06") if surfaces[0] == surfaces[1] else ("2026-10-05",) * 2
    row = {"initiative": "copilot", "subject": "email:bo.chen@acme.test", "interactions": MOST}
    rows = [row | {"day": day, "surface": s} for day, s in zip(days, surfaces, strict=True)]
    with scope.organization(acme.organization.pk):
        batch = make_batch(
            "\n".join(map(json.dumps, rows)),
            organization=acme.organization,
            kind=BatchKind.USAGE,
            content_type="application/x-ndjson",
            now=NOW,
        )
        assert imported(batch, now=NOW).accepted == 2
        refresh_adoption(organization_id=acme.organization.pk, now=NOW)
        week = PersonWeek.objects.get()
        assert (week.interactions, week.used) == (MOST, True)
