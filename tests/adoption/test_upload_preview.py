"""A file of usage is looked at before it counts."""

import io
import json

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from adoption.models import UsageFact
from organizations import scope
from organizations.calculations.jobs import BatchState
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, BatchChunk, ImportBatch
from tests.adoption.figures import weeks_ago
from tests.cast import Company

pytestmark = pytest.mark.django_db

DAY = weeks_ago(0)
HEAD = "initiative,subject,day,interactions,minutes_claimed\n"
ROWS = HEAD + f"copilot,email:bo.chen@acme.test,{DAY},4,2.5\ncopilot,login:bo,{DAY},7,\n"


@pytest.fixture
def lead(acme: Company):
    return acme.client(Role.PROGRAM_LEAD)


def upload(lead, body: str | bytes, *, act: str = "look", name: str = "usage.csv", **more: str):
    content = body.encode() if isinstance(body, str) else body
    values = {"source": "canonical", "initiative": "", "as_of": "", "act": act} | more
    return lead.post("/data/upload/", {**values, "file": SimpleUploadedFile(name, content)})


def looked(lead, body: str | bytes, **more: str):
    """The page with the preview."""
    return lead.get(upload(lead, body, **more)["Location"])


def state(acme: Company) -> tuple[BatchState, int]:
    with scope.organization(acme.organization.pk):
        return BatchState(ImportBatch.objects.get().state), UsageFact.objects.count()


def test_a_look_shows_facts_with_their_units_and_stores_none(acme: Company, lead) -> None:
    answer = looked(lead, ROWS)
    look = answer.context["look"]
    assert look.columns[0] == ("interactions", "prompts")
    assert ("minutes_claimed", "minutes") in look.columns
    first = look.facts[0]
    assert (first.subject, first.first, first.last) == ("email:bo.chen@acme.test", DAY, DAY)
    assert "usage.csv can be read" in answer.content.decode()
    assert state(acme) == (BatchState.PREVIEW, 0)


def test_it_shows_the_first_twenty_and_says_how_many_there_are(lead) -> None:
    rows = "".join(f"copilot,login:p{n},{DAY},1,\n" for n in range(25))
    answer = looked(lead, HEAD + rows)
    assert len(answer.context["look"].facts) == 20
    assert "The first 20 of 25 rows" in answer.content.decode()


def test_refusals_and_warnings_stand_there_before_the_import(lead) -> None:
    body = f"initiative,subject,day,interactions,mood\nother,login:bo,{DAY},1,x\n"
    body += f"copilot,login:bo,{DAY},-1,x\n"
    answer = looked(lead, body)
    page = answer.content.decode()
    found = [(error.line, error.code.value) for error in answer.context["look"].errors]
    assert found == [(2, "unknown_initiative"), (3, "negative")]
    assert "2 lines of usage.csv would be refused" in page
    assert "Registered are <code>copilot</code>" in page
    assert "Not read, unknown: mood" in page


def test_what_was_looked_at_is_imported(acme: Company, lead) -> None:
    url = upload(lead, ROWS)["Location"]
    answer = lead.post(f"{url}import/")
    with scope.organization(acme.organization.pk):
        batch = ImportBatch.objects.get()
        assert (batch.state, batch.accepted) == ("done", 2)
        assert AuditEvent.objects.filter(action="usage.preview_applied").exists()
    assert answer["Location"] == reverse("batch", args=[batch.number])
    assert lead.get(url)["Location"] == answer["Location"]
    again = lead.post(f"{url}import/", follow=True).content.decode()
    assert "no preview any more" in again
    assert state(acme)[0] is BatchState.DONE


def test_what_was_looked_at_is_discarded_with_its_body(acme: Company, lead) -> None:
    url = upload(lead, ROWS)["Location"]
    assert "Nothing has changed" in lead.post(f"{url}discard/", follow=True).content.decode()
    assert state(acme) == (BatchState.DISCARDED, 0)
    assert not BatchChunk.unscoped.exists()
    assert "no preview any more" in lead.post(f"{url}import/", follow=True).content.decode()
    assert state(acme) == (BatchState.DISCARDED, 0)


def test_the_same_file_again_is_the_same_preview(lead) -> None:
    assert upload(lead, ROWS)["Location"] == upload(lead, ROWS)["Location"]


def test_a_file_that_cannot_be_read_says_so_and_is_not_imported(acme: Company, lead) -> None:
    answer = looked(lead, "subject,subject\n1,2\n")
    page = answer.content.decode()
    assert "usage.csv cannot be read" in page
    assert "duplicate_column" in page
    assert "/import/" not in page


def test_of_a_form_that_carries_text_nothing_is_kept_for_a_look(acme: Company, lead) -> None:
    record = {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": f"{DAY}T10:00:00Z",
        "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/dev/bo.chen@acme.test"},
        "requestId": "r-1",
        "modelId": "m",
        "input": {"inputTokenCount": 3, "inputBodyJson": {"prompt": "CANARY words"}},
        "output": {"outputTokenCount": 5},
    }
    answer = upload(
        lead, json.dumps(record), name="log.ndjson", source="bedrock", initiative="copilot"
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert len(answer.context["look"].facts) == 1
    assert "choose the file again" in page
    assert "CANARY" not in page
    assert not ImportBatch.unscoped.exists()
    assert not BatchChunk.unscoped.exists()


def test_a_sheet_of_usage_rows_is_looked_at_and_imported(acme: Company, lead) -> None:
    made = openpyxl.Workbook()
    for row in (["initiative", "subject", "day", "interactions"], ["copilot", "login:bo", DAY, 4]):
        made.active.append(row)
    body = io.BytesIO()
    made.save(body)
    url = upload(lead, body.getvalue(), name="usage.xlsx")["Location"]
    assert lead.get(url).context["look"].facts[0].first == DAY
    lead.post(f"{url}import/")
    with scope.organization(acme.organization.pk):
        assert UsageFact.objects.get().interactions == 4


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PROGRAM_LEAD}))
def test_only_program_leads_see_and_import_it(acme: Company, lead, role: Role) -> None:
    url = upload(lead, ROWS)["Location"]
    client = acme.client(role)
    answers = [client.get(url), client.post(f"{url}import/"), client.post(f"{url}discard/")]
    assert [answer.status_code for answer in answers] == [403] * 3


def test_a_preview_of_the_twin_does_not_exist(acme: Company, twin: Company, lead) -> None:
    url = upload(twin.client(Role.PROGRAM_LEAD), ROWS)["Location"]
    assert lead.get(url).status_code == 404
    assert lead.post(f"{url}import/").status_code == 404
