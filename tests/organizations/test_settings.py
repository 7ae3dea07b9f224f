"""Settings of an organization: who changes them, what a change does, what the trail keeps."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import resolve, reverse

from lastmile.navigation import SETTINGS_TABS
from organizations import scope
from organizations.actions.settings import BadSetting, General, change_settings
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, DirtySpan, JobRun, Organization
from tests.builders import make_job_role
from tests.cast import Company

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FORM = {
    "name": "Acme",
    "time_zone": "UTC",
    "currency": "EUR",
    "fiscal_start_month": "1",
    "grace_days": "14",
    "require_mfa": "on",
}


def post(client: Client, **changed: str):  # type: ignore[no-untyped-def]
    return client.post("/settings/edit/", FORM | changed)


def stored(company: Company) -> Organization:
    return Organization.objects.get(pk=company.organization.pk)


def newest_entry(company: Company) -> AuditEvent:
    with scope.organization(company.organization.pk):
        return AuditEvent.objects.latest("sequence")


def marks(company: Company) -> list[tuple[int, bool]]:
    with scope.organization(company.organization.pk):
        return list(DirtySpan.objects.values_list("person_id", "groups"))


def test_an_administrator_changes_settings_and_the_trail_names_each_field(acme: Company) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    answer = post(client, time_zone="Europe/Berlin", fiscal_start_month="4", currency="usd")
    assert answer.status_code == 302
    organization = stored(acme)
    assert organization.time_zone == "Europe/Berlin"
    assert organization.fiscal_start_month == 4
    assert organization.currency == "USD"
    entry = newest_entry(acme)
    assert entry.action == "settings.changed"
    assert entry.changes == {
        "time_zone": ["UTC", "Europe/Berlin"],
        "currency": ["EUR", "USD"],
        "fiscal_start_month": [1, 4],
    }


def test_the_same_settings_again_leave_no_entry(acme: Company) -> None:
    before = newest_entry(acme).sequence
    assert post(acme.client(Role.ADMINISTRATOR)).status_code == 302
    assert newest_entry(acme).sequence == before


def test_a_change_of_the_twin_stays_the_twins(acme: Company, twin: Company) -> None:
    post(twin.client(Role.ADMINISTRATOR), name="Renamed")
    assert stored(twin).name == "Renamed"
    assert stored(acme).name == "Acme"


def test_another_grace_counts_every_week_of_everybody_again(acme: Company) -> None:
    with scope.organization(acme.organization.pk):
        DirtySpan.objects.all().delete()
    post(acme.client(Role.ADMINISTRATOR), grace_days="0")
    assert marks(acme) == [(0, True)]
    with scope.organization(acme.organization.pk):
        assert JobRun.objects.filter(kind="refresh", state="waiting").exists()


def test_another_name_counts_nothing_again(acme: Company) -> None:
    with scope.organization(acme.organization.pk):
        DirtySpan.objects.all().delete()
    post(acme.client(Role.ADMINISTRATOR), name="Acme Works", time_zone="Asia/Tokyo")
    assert marks(acme) == []


def test_the_currency_stays_while_hour_prices_are_stored_in_it(in_acme: Company) -> None:
    role = make_job_role()
    role.hour_price = Decimal("40")
    role.price_source = "Finance"
    role.priced_on = date(2026, 1, 1)
    role.save(update_fields=["hour_price", "price_source", "priced_on"])
    answer = post(in_acme.client(Role.ADMINISTRATOR), currency="USD")
    assert "Hour prices are stored in the old currency." in answer.content.decode()
    assert stored(in_acme).currency == "EUR"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("currency", "EU"),
        ("fiscal_start_month", "13"),
        ("grace_days", "91"),
        ("grace_days", "-1"),
        ("name", "  "),
    ],
)
def test_nonsense_is_told_beside_its_field(acme: Company, field: str, value: str) -> None:
    answer = post(acme.client(Role.ADMINISTRATOR), **{field: value})
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {field}


def test_the_action_refuses_what_a_form_would_have_stopped(in_acme: Company) -> None:
    wanted = General(
        name="Acme",
        time_zone="UTC",
        currency="EUR",
        fiscal_start_month=1,
        grace_days=91,
        require_mfa=True,
    )
    with pytest.raises(BadSetting):
        change_settings(
            organization_id=in_acme.organization.pk, wanted=wanted, actor=SYSTEM, now=NOW
        )


def test_an_auditor_reads_and_changes_nothing(acme: Company) -> None:
    client = acme.client(Role.AUDITOR)
    page = client.get("/settings/").content.decode()
    assert "Time zone" in page
    assert "/settings/edit/" not in page
    assert client.get("/settings/edit/").status_code == 403
    assert client.post("/settings/edit/", FORM).status_code == 403


def test_every_tab_of_the_settings_leads_to_a_guarded_page() -> None:
    for name, _ in SETTINGS_TABS:
        assert resolve(reverse(name)).func.permission, name


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.MEMBER])
def test_tabs_lead_only_where_the_member_may_go(acme: Company, role: Role) -> None:
    client = acme.client(role)
    page = client.get("/settings/leave/")
    shown = [
        name for name, _ in SETTINGS_TABS if f'href="{reverse(name)}"' in page.content.decode()
    ]
    assert all(client.get(reverse(name)).status_code == 200 for name in shown)
    if role == Role.ADMINISTRATOR:
        assert len(shown) == len(SETTINGS_TABS)
