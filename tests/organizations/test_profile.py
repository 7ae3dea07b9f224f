"""The profile: what people choose, what pages make of it, and what it never changes."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from organizations import scope
from organizations.calculations.choices import NumberFormat
from organizations.calculations.roles import Role
from organizations.forms.profile import NUMBERS
from organizations.models import AuditEvent, Organization, User
from tests.builders import make_person
from tests.cast import Company
from ui import formats

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
CHOSEN = {
    "name": "Lena Marsh",
    "language": "en-gb",
    "time_zone": "Asia/Tokyo",
    "number_format": "point_comma",
    "theme": "dark",
    "digest": "weekly",
}


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def trail(company: Company) -> list[AuditEvent]:
    with scope.organization(company.organization.pk):
        return list(AuditEvent.objects.filter(action="profile.changed"))


def test_what_is_chosen_is_kept_and_shown(acme: Company) -> None:
    client = acme.client(Role.MEMBER)
    page = client.post("/profile/", CHOSEN, follow=True).content.decode()
    assert "Saved." in page
    user = User.objects.get(pk=acme.users[Role.MEMBER].pk)
    assert {name: getattr(user, name) for name in CHOSEN} == CHOSEN
    assert "<h1>Lena Marsh</h1>" in page
    assert '<option value="Asia/Tokyo" selected>' in page


def test_the_trail_names_the_fields_and_not_what_stands_in_them(acme: Company) -> None:
    client = acme.client(Role.MEMBER)
    client.post("/profile/", CHOSEN)
    client.post("/profile/", CHOSEN)
    (entry,) = trail(acme)
    assert entry.changes == {
        "fields": ["digest", "name", "number_format", "theme", "time_zone"],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("language", "fr"),
        ("time_zone", "Mars/Olympus"),
        ("number_format", "roman"),
        ("theme", "pink"),
        ("digest", "hourly"),
    ],
)
def test_what_cannot_be_chosen_is_refused_beside_its_field(
    field: str, value: str, acme: Company
) -> None:
    answer = acme.client(Role.MEMBER).post("/profile/", CHOSEN | {field: value})
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {field}
    assert trail(acme) == []


def test_every_number_format_can_be_chosen_by_what_it_writes() -> None:
    assert [value for value, _ in NUMBERS] == [one.value for one in NumberFormat]
    assert set(formats.STYLES) == {one.value for one in NumberFormat}
    for value, example in NUMBERS:
        with formats.written_as(value):
            shown = formats.decimal(1234.5)
        assert shown.replace("\N{NARROW NO-BREAK SPACE}", " ") == example


def thousand_people(company: Company) -> None:
    with scope.organization(company.organization.pk):
        for number in range(1100):
            make_person(email=f"p{number}@acme.test", name=f"P {number}")


def test_numbers_of_pages_follow_the_reader_and_files_do_not(acme: Company) -> None:
    thousand_people(acme)
    reader, other = acme.client(Role.PROGRAM_LEAD), acme.client(Role.ADMINISTRATOR)
    file = reader.get("/people/export.csv").getvalue()
    User.objects.filter(pk=acme.users[Role.PROGRAM_LEAD].pk).update(number_format="point_comma")
    assert "1.101" in text(reader, "/people/")
    assert "1,101" in text(other, "/people/")
    assert reader.get("/people/export.csv").getvalue() == file


def test_moments_are_told_in_ones_own_zone_and_else_in_the_organizations(acme: Company) -> None:
    Organization.objects.filter(pk=acme.organization.pk).update(time_zone="America/New_York")
    with time_machine.travel(NOON, tick=False):
        client = acme.client(Role.MEMBER)
        client.get("/profile/")
        assert "Today 07:00" in text(client, "/accounts/sessions/")
        User.objects.filter(pk=acme.users[Role.MEMBER].pk).update(time_zone="Asia/Tokyo")
        assert "Today 21:00" in text(client, "/accounts/sessions/")


def test_the_theme_is_in_the_first_byte_of_the_page_in_every_browser(acme: Company) -> None:
    client = acme.client(Role.MEMBER)
    assert "data-theme=" not in text(client, "/profile/")[:200]
    client.post("/profile/", CHOSEN)
    assert '<html lang="en-GB" data-theme="dark">' in text(acme.client(Role.MEMBER), "/profile/")


def test_the_theme_stays_for_the_page_of_the_sign_in(acme: Company) -> None:
    client = acme.client(Role.MEMBER)
    client.post("/profile/", CHOSEN)
    client.post("/accounts/logout/")
    assert '<html lang="en-GB" data-theme="dark">' in text(client, "/accounts/login/")


def test_the_theme_of_the_top_bar_is_kept_by_script_and_without(acme: Company) -> None:
    client, user = acme.client(Role.MEMBER), acme.users[Role.MEMBER]
    answer = client.post("/profile/theme/", {"theme": "dark"}, headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.cookies["theme"].value == "dark"
    user.refresh_from_db()
    assert user.theme == "dark"
    assert client.post("/profile/theme/", {"theme": "system"})["Location"] == "/profile/"
    user.refresh_from_db()
    assert user.theme == "system"
    assert client.post("/profile/theme/", {"theme": "pink"}).status_code == 422
    assert trail(acme) == []


def test_a_login_without_an_organization_has_a_profile(db: None) -> None:
    user = User.objects.create_user(email="nobody@acme.test", name="Nobody", password=None)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Nobody" in text(client, "/profile/")
    assert client.post("/profile/", CHOSEN)["Location"] == "/profile/"


def test_the_name_in_the_sidebar_leads_to_the_profile(acme: Company) -> None:
    page = text(acme.client(Role.MEMBER), "/me/")
    assert '<a class="nav__person" href="/profile/">' in page
