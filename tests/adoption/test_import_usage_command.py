"""`manage.py import_usage`: a file from the shell, by the same road as the API."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from adoption.models import UsageFact
from organizations import scope
from organizations.models import ImportBatch
from tests.cast import Company

ROWS = (
    "initiative,subject,day,surface,interactions\n"
    "copilot,email:bo.chen@acme.test,2026-10-06,chat,11\n"
    "copilot,email:bo.chen@acme.test,yesterday,chat,11\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "usage.csv"
    path.write_text(ROWS)
    return path


def test_it_prints_the_sums_and_every_refused_line(
    acme: Company, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_usage", str(file))
    said = capsys.readouterr().out
    assert "2 received = 1 accepted + 0 revised + 0 duplicate + 1 rejected" in said
    assert "line 3, day" in said
    with scope.organization(acme.organization.pk):
        assert UsageFact.objects.count() == 1


def test_the_same_file_again_changes_nothing(acme: Company, file: Path) -> None:
    call_command("import_usage", str(file))
    call_command("import_usage", str(file))
    with scope.organization(acme.organization.pk):
        assert ImportBatch.objects.filter(kind="usage").count() == 1


def test_strict_refuses_the_file_and_fails(acme: Company, file: Path) -> None:
    with pytest.raises(CommandError):
        call_command("import_usage", str(file), "--strict")
    with scope.organization(acme.organization.pk):
        assert not UsageFact.objects.exists()


def test_a_vendors_file_needs_its_initiative(acme: Company) -> None:
    sample = Path(__file__).parent.parent / "data/cursor/day.json"
    with pytest.raises(CommandError, match="initiative"):
        call_command("import_usage", str(sample), "--source", "cursor")
    call_command("import_usage", str(sample), "--source", "cursor", "--initiative", "copilot")
    with scope.organization(acme.organization.pk):
        assert UsageFact.objects.count() == 8


@pytest.mark.parametrize("name", ["usage.xls", "nothing-there.csv"])
def test_a_file_it_cannot_read_is_said_plainly(acme: Company, tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError):
        call_command("import_usage", str(tmp_path / name))


def test_with_two_organizations_one_is_named(acme: Company, twin: Company, file: Path) -> None:
    with pytest.raises(CommandError, match="Known: "):
        call_command("import_usage", str(file))
    call_command("import_usage", str(file), "--organization", acme.organization.slug)
    with scope.organization(twin.organization.pk):
        assert not ImportBatch.objects.exists()
