"""Parts of a slice that arrive at the same moment: one of them completes it, whichever it is."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from adoption.models import UsageFact
from organizations import scope
from organizations.models import ImportBatch, JobRun
from tests.cast import Company

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = 6


def test_exactly_one_of_them_completes_the_slice(acme: Company) -> None:
    def post(number: int) -> int:
        part = number // 2 + 1
        row = {"initiative": "copilot", "subject": f"login:p{part}", "day": "2026-10-06"}
        try:
            answer = acme.api().post(
                f"/api/v1/usage?slice_id=pull&part={part}&parts={PARTS}",
                data=json.dumps(row | {"surface": "chat", "interactions": part}),
                content_type="application/x-ndjson",
            )
            return answer.status_code
        finally:
            connections.close_all()

    # Every part twice, as a sender does that has given up waiting for the first answer.
    with ThreadPoolExecutor(2 * PARTS) as clients:
        statuses = list(clients.map(post, range(2 * PARTS)))
    assert set(statuses) <= {200, 202}
    assert 200 in statuses
    with scope.organization(acme.organization.pk):
        assert JobRun.objects.filter(kind="import", state="done").count() == 1
        assert list(ImportBatch.objects.values_list("state", "accepted")) == [("done", 1)] * PARTS
        assert UsageFact.objects.count() == PARTS
