"""A person asks to be erased, two administrators do it, and an old backup changes nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from lastmile.backups import write
from lastmile.embedded import addresses
from lastmile.embedded.places import places
from lastmile.embedded.services import Services, sole_use
from organizations import scope
from organizations.actions.tenant import NewLogin, get_or_create_user, grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import BatchKind
from organizations.calculations.roles import Role
from organizations.models import Person
from tests.builders import NOW, imported, make_batch, make_person
from tests.cast import Company
from tests.journeys.conftest import PHONE, Visit, Visitor
from tests.lastmile.test_backups import everything_in, restored

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADDRESS, NAME = "canary.bird@acme.test", "Canary Bird"


@pytest.fixture
def second(acme: Company) -> Company:
    """Acme as another administrator knows it."""
    with scope.organization(acme.organization.pk):
        user = get_or_create_user(NewLogin(email="second@acme.test", name="Second Admin"))
        grant_role(
            organization=acme.organization,
            user=user,
            role=Role.ADMINISTRATOR,
            departments=[],
            actor=SYSTEM,
            now=NOW,
        )
    return replace(acme, users={Role.ADMINISTRATOR: user})


@pytest.fixture
def canary(acme: Company) -> Person:
    with scope.organization(acme.organization.pk):
        person = make_person(
            email=ADDRESS,
            name=NAME,
            department="Operations / Warehouse",
            user=acme.users[Role.MEMBER],
        )
        body = f"initiative,subject,day\ncopilot,email:{ADDRESS},2026-10-05\n"
        kept = make_batch(body, organization=acme.organization, kind=BatchKind.USAGE)
        imported(kept)
    return person


def test_erase_a_person_and_restore_an_older_backup(
    visitor: Visitor,
    acme: Company,
    second: Company,
    canary: Person,
    tmp_path: Path,
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "ERASURE_JOURNAL", tmp_path / "erasures.jsonl")
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "files")
    backup = tmp_path / "lastmile.backup"
    write(target=backup, now=NOW)
    member = visitor(acme, Role.MEMBER, size=PHONE)
    ask_to_be_erased(member)
    first = visitor(acme, Role.ADMINISTRATOR)
    propose_it(first)
    sign_it(visitor(second, Role.ADMINISTRATOR))
    read_that_it_is_done(first)
    member.go("/me/")
    assert "/accounts/login/" in member.page.url
    left = restored_text(backup, data_folder)
    assert "Erased person" in left
    assert "canary" not in left.casefold()


def ask_to_be_erased(member: Visit) -> None:
    page = member.go("/me/")
    page.get_by_text("Ask for erasure").click()
    page.get_by_role("button", name="Ask to be erased").click()
    expect(page.get_by_text("Erasure: Waits for an administrator")).to_be_visible()
    member.check_access()


def propose_it(administrator: Visit) -> None:
    page = administrator.go("/people/requests/")
    expect(page.get_by_role("heading", level=1)).to_have_text("1 request waits, none is late")
    administrator.check_access()
    page.get_by_role("link", name="Erasure").click()
    expect(page.get_by_text(NAME)).to_be_visible()
    page.get_by_role("button", name="Propose it to a second administrator").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("second administrator")
    administrator.check_access()


def sign_it(administrator: Visit) -> None:
    page = administrator.go("/queue/")
    page.get_by_role("link", name="Erase a person on request").first.click()
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_role("button", name="Sign", exact=True)).to_have_count(0)


def read_that_it_is_done(administrator: Visit) -> None:
    page = administrator.go("/people/requests/?only=closed")
    expect(page.get_by_role("row").filter(has_text="Erased person")).to_contain_text("Done")
    page.get_by_role("link", name="Erasure").click()
    expect(page.get_by_role("heading", name="What was erased")).to_be_visible()
    administrator.check_access()
    assert NAME not in administrator.go("/people/").content()


def restored_text(backup: Path, data_folder: Path) -> str:
    """What a new installation holds after a restore of the backup."""
    done = restored(backup, data_folder)
    assert done.returncode == 0, done.stderr
    where = places(data_folder)
    with sole_use(where):
        services = Services(where, broker=False)
        services.start()
        try:
            return everything_in(addresses(data_folder).database_url)
        finally:
            services.stop()
