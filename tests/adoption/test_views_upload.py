from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from adoption.models import UsageFact
from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import ImportBatch
from tests.adoption.figures import weeks_ago
from tests.cast import Company

pytestmark = pytest.mark.django_db

DAY = weeks_ago(0)
ROW = f"initiative,subject,day,interactions\ncopilot,email:bo.chen@acme.test,{DAY},4\n"


def upload(
    company: Company,
    *,
    text: str | bytes = ROW,
    name: str = "usage.csv",
    source: str = "canonical",
    initiative: str = "",
    as_of: str = "",
    role: Role = Role.PROGRAM_LEAD,
) -> object:
    body = text.encode() if isinstance(text, str) else text
    return company.client(role).post(
        "/data/upload/",
        {
            "source": source,
            "initiative": initiative,
            "as_of": as_of,
            "file": SimpleUploadedFile(name, body),
        },
    )


@pytest.mark.parametrize("role", sorted(Role))
def test_only_program_leads_upload_usage(acme: Company, role: Role) -> None:
    expected = 200 if role is Role.PROGRAM_LEAD else 403
    assert acme.client(role).get("/data/upload/").status_code == expected
    if role is not Role.PROGRAM_LEAD:
        assert upload(acme, role=role).status_code == 403
        assert not ImportBatch.unscoped.exists()


def test_a_file_takes_the_road_of_the_api(acme: Company) -> None:
    answer = upload(acme)
    with scope.organization(acme.organization.pk):
        batch = ImportBatch.objects.get()
        [fact] = UsageFact.objects.all()
    assert answer.url == f"/data/batches/{batch.number}/"
    assert (batch.state, batch.accepted, batch.filename) == ("done", 1, "usage.csv")
    assert batch.user_id == acme.users[Role.PROGRAM_LEAD].pk
    assert fact.interactions == 4


def test_the_same_file_twice_counts_once(acme: Company) -> None:
    first, second = upload(acme), upload(acme)
    assert first.url == second.url
    with scope.organization(acme.organization.pk):
        assert ImportBatch.objects.count() == 1


def test_a_stated_time_is_one_of_the_organizations_zone(acme: Company) -> None:
    acme.organization.time_zone = "America/Chicago"
    acme.organization.save(update_fields=["time_zone"])
    upload(acme, as_of=f"{DAY + timedelta(days=1)}T03:00")
    with scope.organization(acme.organization.pk):
        batch = ImportBatch.objects.get()
    assert batch.as_of_stated
    local = batch.as_of.astimezone(ZoneInfo("America/Chicago"))
    assert (local.date(), local.hour) == (DAY + timedelta(days=1), 3)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("file", {"name": "usage.ods"}),
        ("file", {"text": ""}),
        ("initiative", {"source": "github_copilot", "name": "x.ndjson"}),
        ("initiative", {"initiative": "unheard-of"}),
        ("source", {"source": "unheard-of"}),
        ("as_of", {"as_of": "yesterday"}),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    acme: Company, field: str, more: dict[str, str]
) -> None:
    answer = upload(acme, **more)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in html
    assert not ImportBatch.unscoped.exists()


def test_a_form_that_the_source_does_not_take_is_refused(acme: Company) -> None:
    answer = upload(acme, source="github_copilot", initiative="copilot", text=ROW)
    assert answer.status_code == 422
    assert not ImportBatch.unscoped.exists()


def test_a_file_over_the_limit_is_refused(acme: Company, settings: object) -> None:
    settings.MAX_BODY_BYTES = 10  # type: ignore[attr-defined]
    assert upload(acme).status_code == 422
    assert not ImportBatch.unscoped.exists()


def test_an_initiative_of_the_twin_is_not_offered(acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        twin.initiative.key = "canary-key"
        twin.initiative.save(update_fields=["key"])
    page = acme.client(Role.PROGRAM_LEAD).get("/data/upload/").content.decode()
    assert "canary-key" not in page
    answer = upload(
        acme, source="github_copilot", initiative="canary-key", name="x.ndjson", text="{}"
    )
    assert answer.status_code == 422


def test_every_source_says_what_counts_as_use(acme: Company) -> None:
    page = acme.client(Role.PROGRAM_LEAD).get("/data/upload/").content.decode()
    assert "Active means at least one interaction" in page
    assert "Active means at least one prompt in the editor" in page
