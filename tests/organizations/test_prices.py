"""The price of an hour: the table, its file, and the rules both keep."""

import re
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from organizations import scope
from organizations.calculations.prices import Price, Priced, average_price, faults
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, JobRole
from tests.builders import make_job_role, make_person
from tests.cast import Company

TODAY = date(2026, 11, 21)
GOOD = Price(
    week_hours=Decimal("37.5"),
    hour_price=Decimal("41.20"),
    price_source="Finance, 2026",
    priced_on=date(2026, 1, 1),
)
NOTHING = Price(week_hours=None, hour_price=None, price_source="", priced_on=None)


def price(**changed: object) -> Price:
    return Price(**(vars(GOOD) | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fine", [GOOD, NOTHING, price(hour_price=Decimal(0)), price(priced_on=TODAY)]
)
def test_a_whole_price_and_no_price_are_taken(fine: Price) -> None:
    assert faults(price=fine, today=TODAY) == ()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"hour_price": Decimal("-0.01")}, "hour_price"),
        ({"hour_price": Decimal("100000.01")}, "hour_price"),
        ({"price_source": ""}, "price_source"),
        ({"priced_on": None}, "priced_on"),
        ({"priced_on": date(2026, 11, 22)}, "priced_on"),
        ({"week_hours": Decimal(0)}, "week_hours"),
        ({"week_hours": Decimal("80.1")}, "week_hours"),
        ({"hour_price": None}, "hour_price"),
    ],
)
def test_half_a_price_names_what_is_missing(changed: dict[str, object], field: str) -> None:
    assert [name for name, _ in faults(price=price(**changed), today=TODAY)] == [field]


def test_the_average_weighs_roles_by_their_people() -> None:
    roles = [
        Priced(people=3, price=price(hour_price=Decimal(40))),
        Priced(people=1, price=price(hour_price=Decimal(60))),
        Priced(people=9, price=NOTHING),
        Priced(people=0, price=price(hour_price=Decimal(900))),
    ]
    assert average_price(roles) == Decimal(45)
    assert average_price(roles[2:]) is None


# --- the page -----------------------------------------------------------------------------------
@pytest.fixture
def agent(in_acme: Company) -> JobRole:
    make_person(email="ana@acme.test", name="Ana", job_role="Service agent")
    return JobRole.objects.get(name="Service agent")


def fields(role: JobRole, **changed: str) -> dict[str, str]:
    values = {
        "week_hours": "37.5",
        "hour_price": "41.20",
        "price_source": "Finance, 2026",
        "priced_on": "2026-01-01",
    }
    return {f"{role.public_id}-{name}": value for name, value in (values | changed).items()}


def test_prices_are_entered_on_the_page_and_averaged(in_acme: Company, agent: JobRole) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    assert client.post("/settings/prices/save/", fields(agent)).status_code == 302
    agent.refresh_from_db()
    assert agent.hour_price == Decimal("41.20")
    page = client.get("/settings/prices/").content.decode()
    assert "An hour costs €41" in page
    entry = AuditEvent.objects.latest("sequence")
    assert entry.action == "prices.changed"
    assert "41.20" not in str(entry.changes)


def test_the_page_sent_back_as_it_stands_changes_nothing(in_acme: Company, agent: JobRole) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    client.post("/settings/prices/save/", fields(agent))
    before = AuditEvent.objects.count()
    page = client.get("/settings/prices/").content.decode()
    shown = {
        name: value
        for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', page)
        if name.startswith(str(agent.public_id))
    }
    assert shown == fields(agent)
    client.post("/settings/prices/save/", shown)
    assert AuditEvent.objects.count() == before


def test_a_wrong_row_stores_nothing_of_the_page(in_acme: Company, agent: JobRole) -> None:
    other = make_job_role(name="Picker")
    client = in_acme.client(Role.ADMINISTRATOR)
    rows = fields(agent, price_source="") | fields(other)
    answer = client.post("/settings/prices/save/", rows)
    assert "Say where the price is from" in answer.content.decode()
    assert not JobRole.objects.filter(hour_price__isnull=False).exists()


def test_the_twins_role_is_not_priced_by_us(acme: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        theirs = make_job_role(name="Service agent")
    with scope.organization(acme.organization.pk):
        make_job_role(name="Service agent")
    acme.client(Role.ADMINISTRATOR).post("/settings/prices/save/", fields(theirs))
    theirs.refresh_from_db()
    assert theirs.hour_price is None


# --- the file -----------------------------------------------------------------------------------
def send(client: Client, text: str):  # type: ignore[no-untyped-def]
    file = SimpleUploadedFile("prices.csv", text.encode(), content_type="text/csv")
    return client.post("/settings/prices/upload/", {"file": file})


def test_the_file_comes_back_as_it_went(in_acme: Company, agent: JobRole) -> None:
    make_job_role(name="Picker")
    client = in_acme.client(Role.ADMINISTRATOR)
    client.post("/settings/prices/save/", fields(agent))
    file = b"".join(client.get("/settings/prices/export.csv").streaming_content).decode("utf-8-sig")
    assert file.splitlines()[1:] == [
        '"Picker","","","",""',
        '"Service agent",37.5,41.20,"Finance, 2026","2026-01-01"',
    ]
    answer = send(client, file)
    assert answer.status_code == 302
    agent.refresh_from_db()
    assert agent.hour_price == Decimal("41.20")


@time_machine.travel("2026-11-21T09:00:00Z", tick=False)
def test_good_rows_count_and_bad_ones_say_why(in_acme: Company, agent: JobRole) -> None:
    make_job_role(name="Picker")
    text = (
        "job_role,hour_price,price_source,priced_on\n"
        "Service agent,40,Finance,2026-01-01\n"
        "Picker,-1,Finance,2026-01-01\n"
        "Pilot,50,Finance,2026-01-01\n"
        "Service agent,41,Finance,2026-01-01\n"
        "Picker,30.125,Finance,2026-01-01\n"
        "Picker,30,,2026-01-01\n"
        "Picker,1e3,Finance,2026-01-01\n"
    )
    answer = send(in_acme.client(Role.ADMINISTRATOR), text)
    assert [error.line for error in answer.context["loaded"].errors] == [3, 4, 5, 6, 7, 8]
    assert JobRole.objects.get(name="Service agent").hour_price == Decimal(40)
    assert JobRole.objects.get(name="Picker").hour_price is None


def test_a_column_that_is_left_out_stays_as_it_is(in_acme: Company, agent: JobRole) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    client.post("/settings/prices/save/", fields(agent))
    send(client, "job_role,hour_price\nService agent,45\n")
    agent.refresh_from_db()
    assert (agent.hour_price, agent.week_hours) == (Decimal(45), Decimal("37.5"))


@pytest.mark.parametrize("text", ["", "name,price\nAgent,4\n", '{"job_role": "Agent"}'])
def test_a_file_that_is_none_is_told_so(in_acme: Company, agent: JobRole, text: str) -> None:
    answer = send(in_acme.client(Role.ADMINISTRATOR), text)
    assert answer.status_code == 200
    assert answer.context["upload"].errors


def test_an_auditor_reads_prices(in_acme: Company, agent: JobRole) -> None:
    client = in_acme.client(Role.AUDITOR)
    assert "Service agent" in client.get("/settings/prices/").content.decode()
    assert client.post("/settings/prices/save/", fields(agent)).status_code == 403
