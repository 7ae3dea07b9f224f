"""Profiles of columns over HTTP: chosen, tried, kept, changed, archived, and files read by them."""

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client

from adoption.models import MappingProfile, UsageFact
from adoption.sources.formats import DATE_WORDS, NUMBER_WORDS, UNIT_WORDS
from organizations import scope
from organizations.actions.batches import body_of
from organizations.calculations.roles import Role
from organizations.models import ApiKey, AuditEvent, BatchChunk, ImportBatch, Subject
from organizations.sources.records import Media
from tests.adoption.figures import weeks_ago
from tests.cast import Company

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "tests" / "data"

DAY = weeks_ago(0)
SECRET = "why is my salary so low"
FILE = f"User;Date;Prompts;Text\nbo;{DAY:%d.%m.%Y};1.200;{SECRET}\nal;13/13/2026;4;{SECRET}\n"
CHOICES = {
    "grain": "day",
    "anchor": "first",
    "subject_kind": "login",
    "subject_column": "user",
    "day_column": "date",
    "day_form": "day_dot",
    "interactions_column": "prompts",
    "interactions_form": "comma_grouped",
    "interactions_unit": "one",
    "initiative_constant": "copilot",
    "name": "our-tool",
}


def sent(text: str | bytes = FILE, name: str = "usage.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


@pytest.fixture
def lead(acme: Company) -> Client:
    return acme.client(Role.PROGRAM_LEAD)


def carried(html: str) -> dict[str, str]:
    """The beginning of the file, as the page holds it."""
    return {
        name: found[1]
        for name in ("head", "written_as")
        if (found := re.search(rf'name="{name}" value="([^"]*)"', html))
    }


def looked_at(lead: Client, path: str = "/data/profiles/new/", **file: Any) -> str:
    answer = lead.post(path, {"file": sent(**file)})
    assert answer.status_code == 200
    return answer.content.decode()


def keep(lead: Client, **changes: str) -> Any:
    """Choose the columns of the file and keep them as a profile."""
    hidden = carried(looked_at(lead))
    return lead.post("/data/profiles/new/", {**CHOICES, **hidden, "act": "save", **changes})


@pytest.fixture
def profile(acme: Company, lead: Client) -> MappingProfile:
    keep(lead)
    with scope.organization(acme.organization.pk):
        return MappingProfile.objects.get()


def address(profile: MappingProfile, act: str = "") -> str:
    return f"/data/profiles/{profile.public_id}/{act}"


def batch_of(company: Company) -> ImportBatch:
    with scope.organization(company.organization.pk):
        return ImportBatch.objects.get()


# --- from a file to a profile -------------------------------------------------------------------
def test_a_chosen_file_shows_its_columns_and_keeps_nothing(acme: Company, lead: Client) -> None:
    html = looked_at(lead)
    assert "Say what the 4 columns are" in html
    assert "<code>1.200</code>" in html
    assert not ImportBatch.unscoped.exists()
    assert not BatchChunk.unscoped.exists()


def test_trying_shows_facts_and_refusals_by_the_files_own_columns(lead: Client) -> None:
    hidden = carried(looked_at(lead))
    answer = lead.post("/data/profiles/new/", {**CHOICES, **hidden, "act": "preview"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "1 of 2 lines gives a fact" in html
    assert "interactions 1200" in html
    assert "Not a day written like 06.10.2026, as declared." in html
    assert not MappingProfile.unscoped.exists()


def test_a_kept_profile_is_version_one_and_on_the_trail(
    acme: Company, profile: MappingProfile
) -> None:
    assert (profile.name, profile.version, profile.latest) == ("our-tool", 1, True)
    assert SECRET not in str(profile.mapping)
    with scope.organization(acme.organization.pk):
        event = AuditEvent.objects.filter(action="profile.saved").get()
    assert event.changes == {"name": "our-tool", "version": 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"interactions_unit": ""}, "interactions_column"),
        ({"day_form": ""}, "day_column"),
        ({"grain": ""}, "grain"),
        ({"grain": "week"}, "week_start"),
        ({"subject_column": "unheard-of"}, "subject_column"),
        ({"initiative_constant": "unheard-of"}, "initiative_constant"),
        ({"name": ""}, "name"),
        ({"name": "Our Tool"}, "name"),
        ({"name": "cursor"}, "name"),
        ({"surface_constant": "chat", "surface_column": "text"}, "surface_column"),
    ],
)
def test_a_bad_profile_is_refused_at_its_field(
    lead: Client, changes: dict[str, str], field: str
) -> None:
    answer = keep(lead, **changes)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not MappingProfile.unscoped.exists()


def test_a_name_is_taken_once(lead: Client, profile: MappingProfile) -> None:
    answer = keep(lead)
    assert answer.status_code == 422
    assert "There is a profile of this name. Choose another." in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "body"),
    [("usage.pdf", FILE), ("usage.csv", ""), ("usage.csv", "user,date\n"), ("usage.xlsx", FILE)],
)
def test_what_is_no_table_is_refused_at_the_file(lead: Client, name: str, body: str) -> None:
    answer = lead.post("/data/profiles/new/", {"file": sent(body, name)})
    assert answer.status_code == 422
    assert 'id="id_file_error"' in answer.content.decode()


def test_a_damaged_page_chooses_nothing(lead: Client) -> None:
    answer = lead.post(
        "/data/profiles/new/", {**CHOICES, "head": "%%%", "written_as": "text/csv", "act": "save"}
    )
    assert answer.status_code == 422
    assert not MappingProfile.unscoped.exists()


# --- files are read by it -----------------------------------------------------------------------
def test_a_file_is_imported_by_its_profile_and_its_text_is_nowhere(
    acme: Company, lead: Client, profile: MappingProfile
) -> None:
    answer = lead.post(address(profile), {"file": sent(), "act": "import"})
    batch = batch_of(acme)
    assert answer.url == f"/data/batches/{batch.number}/"
    assert (batch.state, batch.accepted, batch.rejected) == ("done", 1, 1)
    assert batch.options == {"profile": "our-tool", "profile_version": "1"}
    with scope.organization(acme.organization.pk):
        [fact] = UsageFact.objects.all()
        [subject] = Subject.objects.all()
    assert (fact.interactions, fact.period_start) == (1200, DAY)
    assert (subject.source, subject.kind, subject.external_id) == ("our-tool", "login", "bo")
    assert not stored_anywhere(SECRET)


def stored_anywhere(words: str) -> bool:
    """Whether any column of any table of ours holds the words; bodies are looked into unpacked."""
    for batch in ImportBatch.unscoped.all():
        with scope.organization(batch.organization_id):
            if words.encode() in b"".join(body_of(batch=batch)):
                return True
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("adoption_", "organizations_")):
                name = connection.ops.quote_name(table)
                cursor.execute(
                    f"SELECT 1 FROM {name} t WHERE t::text LIKE %s LIMIT 1",
                    [f"%{words}%"],
                )
                if cursor.fetchone():
                    return True
    return False


def test_a_refused_value_is_shown_in_a_preview_and_never_stored(
    acme: Company, lead: Client, profile: MappingProfile
) -> None:
    file = f"User;Date;Prompts\nbo;{SECRET};3\nal;{DAY:%d.%m.%Y};{SECRET}\n"
    html = lead.post(address(profile), {"file": sent(file), "act": "preview"}).content.decode()
    assert html.count(f"<code>{SECRET}</code>") == 2
    lead.post(address(profile), {"file": sent(file), "act": "import"})
    assert batch_of(acme).rejected == 2
    assert not stored_anywhere(SECRET)


def test_the_page_of_the_batch_says_the_units(
    acme: Company, lead: Client, profile: MappingProfile
) -> None:
    lead.post(address(profile), {"file": sent(), "act": "import"})
    html = lead.get(f"/data/batches/{batch_of(acme).number}/").content.decode()
    assert "our-tool, version 1" in html
    assert "column prompts, 1.234,5, single ones" in html
    assert "column date, 06.10.2026" in html


def test_looking_at_a_file_imports_nothing(lead: Client, profile: MappingProfile) -> None:
    html = lead.post(address(profile), {"file": sent(), "act": "preview"}).content.decode()
    assert "interactions 1200" in html
    assert not ImportBatch.unscoped.exists()


def test_the_same_file_twice_counts_once_and_a_new_version_reads_it_anew(
    acme: Company, lead: Client, profile: MappingProfile
) -> None:
    first = lead.post(address(profile), {"file": sent(), "act": "import"})
    again = lead.post(address(profile), {"file": sent(), "act": "import"})
    assert first.url == again.url
    changed = lead.post(
        address(profile, "change/"),
        {**CHOICES, "interactions_unit": "thousand", "head": "", "act": "save"},
    )
    third = lead.post(changed.url, {"file": sent(), "act": "import"})
    assert third.url != first.url
    with scope.organization(acme.organization.pk):
        assert UsageFact.objects.get().interactions == 1_200_000
        assert ImportBatch.objects.count() == 2


def test_a_profile_without_initiative_asks_for_one(acme: Company, lead: Client) -> None:
    made = keep(lead, initiative_constant="")
    refused = lead.post(made.url, {"file": sent(), "act": "import"})
    assert refused.status_code == 422
    assert 'id="id_initiative_error"' in refused.content.decode()
    lead.post(made.url, {"file": sent(), "initiative": "copilot", "act": "import"})
    assert (batch_of(acme).initiative, batch_of(acme).accepted) == ("copilot", 1)


def test_a_file_without_the_columns_is_refused_and_nothing_kept(
    lead: Client, profile: MappingProfile
) -> None:
    answer = lead.post(address(profile), {"file": sent("a,b\n1,2\n"), "act": "import"})
    assert answer.status_code == 422
    assert "The header lacks date, prompts, user" in answer.content.decode()
    assert not ImportBatch.unscoped.exists()


# --- versions, archive, delete ------------------------------------------------------------------
def change(lead: Client, profile: MappingProfile, **changes: str) -> Any:
    return lead.post(address(profile, "change/"), {**CHOICES, "head": "", "act": "save", **changes})


def test_a_change_makes_a_new_version_and_the_old_one_stays(
    acme: Company, lead: Client, profile: MappingProfile
) -> None:
    change(lead, profile, interactions_unit="thousand")
    with scope.organization(acme.organization.pk):
        old, new = MappingProfile.objects.order_by("version")
    assert (old.latest, new.latest, new.version) == (False, True, 2)
    assert old.mapping == profile.mapping
    assert new.mapping["uses"]["interactions"]["unit"] == "thousand"
    assert change(lead, profile, interactions_unit="million").status_code == 422
    reading = lead.post(address(old), {"file": sent(), "act": "import"})
    assert reading.status_code == 422
    assert "There is a later version of this profile." in reading.content.decode()


def test_keeping_what_is_kept_makes_no_version(lead: Client, profile: MappingProfile) -> None:
    change(lead, profile)
    assert MappingProfile.unscoped.count() == 1


def test_a_change_is_tried_on_a_file_first(lead: Client, profile: MappingProfile) -> None:
    html = looked_at(lead, address(profile, "change/"))
    assert '<option value="prompts" selected>' in html
    answer = lead.post(
        address(profile, "change/"),
        {**CHOICES, **carried(html), "interactions_unit": "thousand", "act": "preview"},
    )
    assert "interactions 1200000" in answer.content.decode()
    assert MappingProfile.unscoped.count() == 1


def test_an_archived_profile_reads_nothing_until_it_is_brought_back(
    acme: Company, lead: Client, profile: MappingProfile
) -> None:
    lead.post(address(profile, "archive/"))
    refused = lead.post(address(profile), {"file": sent(), "act": "import"})
    assert refused.status_code == 422
    answer = send(acme, FILE)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_profile")
    assert change(lead, profile, interactions_unit="million").status_code == 422
    lead.post(address(profile, "archive/"))
    assert send(acme, FILE).status_code == 200


def test_only_a_profile_that_has_read_nothing_is_deleted(
    acme: Company, lead: Client, profile: MappingProfile
) -> None:
    send(acme, FILE)
    lead.post(address(profile, "delete/"))
    assert MappingProfile.unscoped.count() == 1
    keep(lead, name="unused")
    with scope.organization(acme.organization.pk):
        unused = MappingProfile.objects.get(name="unused")
    lead.post(address(unused, "delete/"))
    assert not MappingProfile.unscoped.filter(name="unused").exists()
    assert lead.get(address(unused)).status_code == 404


# --- from a program -----------------------------------------------------------------------------
def send(
    company: Company, body: str | bytes, *, query: str = "profile=our-tool", form: str = "text/csv"
) -> Any:
    return company.api().post(f"/api/v1/usage?source=mapper&{query}", data=body, content_type=form)


def test_a_key_sends_a_file_by_the_name_of_the_profile(
    acme: Company, profile: MappingProfile
) -> None:
    answer = send(acme, FILE)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (200, 1, 1)
    assert answer.json()["errors"] == [
        {
            "line": 3,
            "field": "date",
            "code": "bad_date",
            "message": "Not a day written like 06.10.2026, as declared.",
        }
    ]
    assert not stored_anywhere(SECRET)


def test_a_workbook_and_json_lines_are_sent_too(acme: Company, lead: Client) -> None:
    keep(lead, interactions_form="point", day_form="iso")
    made, body = openpyxl.Workbook(), io.BytesIO()
    for row in (["User", "Date", "Prompts"], ["bo", DAY, 3]):
        made.active.append(row)
    made.save(body)
    sheet = send(acme, body.getvalue(), form=Media.XLSX.value)
    lines = send(
        acme,
        f'{{"user":"al","date":"{DAY}","prompts":4}}\n',
        form="application/x-ndjson",
    )
    assert [answer.json()["accepted"] for answer in (sheet, lines)] == [1, 1]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("profile=unheard-of", 400, "unknown_profile"),
        ("", 400, "profile_missing"),
        ("source=canonical&profile=our-tool", 400, "bad_envelope"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(
    acme: Company, profile: MappingProfile, query: str, status: int, code: str
) -> None:
    answer = send(acme, FILE, query=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not ImportBatch.unscoped.exists()


@pytest.mark.parametrize(("pin", "status"), [("mapper", 200), ("cursor", 403)])
def test_a_key_pinned_to_a_source_sends_that_one_only(
    acme: Company, profile: MappingProfile, pin: str, status: int
) -> None:
    with scope.organization(acme.organization.pk):
        ApiKey.objects.update(pinned_source=pin)
    assert send(acme, FILE).status_code == status


def test_a_vendors_report_is_no_workbook(acme: Company) -> None:
    answer = acme.api().post(
        "/api/v1/usage?source=cursor&initiative=copilot",
        data=b"PK",
        content_type=Media.XLSX.value,
    )
    assert answer.status_code == 415
    assert not ImportBatch.unscoped.exists()


def test_the_profiles_of_the_twin_are_nobodys_here(
    acme: Company, twin: Company, profile: MappingProfile
) -> None:
    answer = send(twin, FILE)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_profile")
    assert twin.client(Role.PROGRAM_LEAD).get(address(profile)).status_code == 404


def test_the_shell_imports_by_a_profile(
    acme: Company, profile: MappingProfile, tmp_path: Any
) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(FILE)
    call_command(
        "import_usage", str(path), source="mapper", profile="our-tool", stdout=io.StringIO()
    )
    assert (batch_of(acme).accepted, batch_of(acme).rejected) == (1, 1)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PROGRAM_LEAD}))
def test_only_program_leads_open_profiles(
    acme: Company, profile: MappingProfile, role: Role
) -> None:
    client = acme.client(role)
    for path in ("/data/profiles/", "/data/profiles/new/", address(profile)):
        assert client.get(path).status_code == 403


def test_the_line_on_the_page_of_the_docs_sends_the_sample(acme: Company, lead: Client) -> None:
    made = sent((DATA / "mapper/usage.csv").read_bytes())
    hidden = carried(lead.post("/data/profiles/new/", {"file": made}).content.decode())
    lead.post(
        "/data/profiles/new/",
        {
            **CHOICES,
            **hidden,
            "subject_kind": "email",
            "subject_column": "benutzer",
            "day_column": "datum",
            "interactions_column": "anfragen",
            "cost_estimate_column": "kosten",
            "cost_estimate_form": "comma",
            "cost_estimate_unit": "cent",
            "act": "save",
        },
    )
    page = (ROOT / "docs/formats/mapper.md").read_text()
    printed = re.search(r'\$LASTMILE_URL(/api/v1/usage\?\S+)" .*\n.*--data-binary @(\S+)', page)
    assert printed is not None
    answer = acme.api().post(
        printed[1], data=(DATA / printed[2]).read_bytes(), content_type="text/csv"
    )
    assert (answer.status_code, answer.json()["accepted"], answer.json()["errors"]) == (200, 2, [])
    with scope.organization(acme.organization.pk):
        told = UsageFact.objects.order_by("-interactions").values_list(
            "interactions", "cost_micros"
        )
        assert list(told) == [(1200, 125_000), (7, 4_000)]


@pytest.mark.parametrize("words", [*DATE_WORDS.values(), *NUMBER_WORDS.values()])
def test_the_page_of_the_docs_shows_every_form(words: str) -> None:
    page = (ROOT / "docs/formats/mapper.md").read_text()
    example = words if words in NUMBER_WORDS.values() else re.split(r",| or | since", words)[0]
    assert example in page


@pytest.mark.parametrize("words", UNIT_WORDS.values())
def test_the_page_of_the_docs_names_every_unit(words: str) -> None:
    page = (ROOT / "docs/formats/mapper.md").read_text().split("| of | units |")[1]
    example = {"hours:minutes:seconds": "`1:30:00`", "units of the currency": words}
    assert example.get(words, words.split(" ")[0]) in page
