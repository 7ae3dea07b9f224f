import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Department, MembershipDepartment
from tests.adoption.figures import counts, weeks_ago, write_state, write_week
from tests.builders import make_department, make_initiative
from tests.cast import CANARY, Company

pytestmark = pytest.mark.django_db

# Counts that occur nowhere else on the page, so that a leak is seen.
SMALL = counts(4, 3)
COMPLEMENT = counts(37, 29)
SHOWN = counts(83, 59)


def fill(company: Company) -> None:
    """Six weeks in which one team is small and the next smallest protects it."""
    with scope.organization(company.organization.pk):
        for path in ("Service / Returns", "Service / Mail", "Service / Phones"):
            make_department(path=path)
        write_state(organization=company.organization)
        for back in range(6):
            write_week(
                week=weeks_ago(back),
                direct={
                    "Service / Returns": SMALL,
                    "Service / Mail": COMPLEMENT,
                    "Service / Phones": SHOWN,
                    "Operations / Warehouse": counts(61, 41),
                },
            )


@pytest.fixture
def company(acme: Company) -> Company:
    fill(acme)
    return acme


def page(client: Client, query: str = "", **more: object) -> str:
    answer = client.get(f"/adoption/{query}", **more)
    assert answer.status_code == 200, answer.content[:300]
    return str(answer.content.decode())


def cells(html: str) -> str:
    """The words of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("role", sorted(Role))
@pytest.mark.parametrize("address", ["/adoption/", "/adoption/export.csv"])
def test_adoption_opens_to_every_role_but_the_facilitator(
    company: Company, role: Role, address: str
) -> None:
    status = company.client(role).get(address).status_code
    assert status == (403 if role is Role.FACILITATOR else 200)


def test_adoption_asks_strangers_to_sign_in(db: None) -> None:
    assert Client().get("/adoption/").status_code == 302


def test_the_heading_is_the_finding(company: Company) -> None:
    html = page(company.client(Role.PROGRAM_LEAD))
    title = "71% of eligible people use AI weekly, as five weeks ago"
    assert html.count(f"{title}</h1>") == 1
    assert f"<title>{title} · Last Mile</title>" in html


def test_an_ampersand_in_a_name_is_escaped_once(company: Company) -> None:
    with scope.organization(company.organization.pk):
        Department.objects.filter(key="Service").update(name="R&D <b>")
    html = page(company.client(Role.PROGRAM_LEAD), "?department=Service")
    assert "of R&amp;D &lt;b&gt; uses" in html
    assert "&amp;amp;" not in html
    assert "<b>" not in html.split("<h1>")[1].split("</h1>")[0]


@pytest.mark.parametrize("role", [Role.PROGRAM_LEAD, Role.EXECUTIVE, Role.AUDITOR])
def test_hidden_cells_are_nowhere_in_the_page(company: Company, role: Role) -> None:
    words = cells(page(company.client(role), "?department=Service"))
    assert words.count("Not shown (small group)") >= 2
    assert re.search(r"\b83\b", words)
    for number in (SMALL["eligible"], COMPLEMENT["eligible"], COMPLEMENT["active"], 78, 75):
        assert not re.search(rf"Mail\D+{number}\b|Returns\D+{number}\b", words)
    assert not re.search(r"\b37\b", words)
    assert "78%" not in words


@pytest.mark.parametrize("path", ["Service / Returns", "Service / Mail"])
def test_the_page_of_a_hidden_group_says_so_and_no_more(company: Company, path: str) -> None:
    html = page(company.client(Role.PROGRAM_LEAD), f"?department={path}")
    name = path.split(" / ")[1]
    assert f"{name}: not shown (small group)</h1>" in html
    assert not re.search(r"\b(37|29|8)\b( of|%)", cells(html))


def test_the_file_hides_the_same_cells_in_words(company: Company) -> None:
    client = company.client(Role.PROGRAM_LEAD)
    answer = client.get("/adoption/export.csv?department=Service&weeks=8")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    latest = {row["group"]: row for row in rows if row["week"] == weeks_ago(0).isoformat()}
    assert latest["Phones"]["active"] == "59"
    for hidden in ("Mail", "Returns"):
        assert latest[hidden]["active"] == "not shown (small group)"
        assert latest[hidden]["eligible"] == "not shown (small group)"
        assert latest[hidden]["status"] == "suppressed"
    silent = [row for row in rows if row["week"] == weeks_ago(7).isoformat()]
    assert {row["weekly active share"] for row in silent} == {"no data"}
    assert {row["definition version"] for row in rows} == {"adoption-1"}


def test_an_export_is_written_into_the_trail(company: Company) -> None:
    client = company.client(Role.PROGRAM_LEAD)
    list(client.get("/adoption/export.csv?department=Service").streaming_content)
    with scope.organization(company.organization.pk):
        event = AuditEvent.objects.get(action="adoption.exported")
    assert event.actor_id == company.users[Role.PROGRAM_LEAD].pk
    assert event.changes["department"] == "Service"


@pytest.mark.parametrize("address", ["/adoption/", "/adoption/export.csv"])
def test_a_champion_finds_nothing_outside_their_department(company: Company, address: str) -> None:
    client = company.client(Role.CHAMPION)
    assert client.get(f"{address}?department=Operations / Warehouse").status_code == 200
    for outside in ("Service", "Service / Phones", "Operations"):
        assert client.get(f"{address}?department={outside}").status_code == 404


def test_a_champion_lands_in_their_own_department(company: Company) -> None:
    html = page(company.client(Role.CHAMPION))
    assert "67% of Warehouse uses AI weekly" in html
    assert "Service" not in cells(html.split("<main")[1])
    assert "Organization:" not in html


def test_a_champion_of_a_hidden_team_sees_it_hidden(company: Company) -> None:
    with scope.organization(company.organization.pk):
        owned = MembershipDepartment.objects.get()
        owned.department = Department.objects.get(key="Service / Mail")
        owned.save(update_fields=["department"])
    html = page(company.client(Role.CHAMPION))
    assert "Mail: not shown (small group)</h1>" in html
    assert "37" not in cells(html.split("<main")[1])


def test_a_champion_without_a_department_is_told_what_to_do(company: Company) -> None:
    with scope.organization(company.organization.pk):
        MembershipDepartment.objects.all().delete()
    html = page(company.client(Role.CHAMPION))
    assert "No department is yours to see yet</h1>" in html


def test_a_department_of_the_twin_is_not_found(company: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        make_department(path=f"Only {CANARY}")
        make_initiative(key="canary", name=CANARY)
    client = company.client(Role.PROGRAM_LEAD)
    assert client.get(f"/adoption/?department=Only {CANARY}").status_code == 404
    assert client.get("/adoption/?initiative=canary").status_code == 404


def test_figures_of_the_twin_stay_with_the_twin(company: Company, twin: Company) -> None:
    with scope.organization(twin.organization.pk):
        write_state(organization=twin.organization)
        write_week(week=weeks_ago(0), direct={"Operations / Warehouse": counts(9931, 7717)})
    html = page(company.client(Role.PROGRAM_LEAD))
    assert CANARY not in html
    assert "9,931" not in html
    assert "7,717" not in html


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?weeks=7", 400),
        ("?weeks=abc", 400),
        ("?department=Nowhere", 404),
        ("?initiative=nothing", 404),
        ("?department=&initiative=&weeks=", 200),
        ("?weeks=52&more=1", 200),
    ],
)
def test_unknown_values_get_a_plain_answer(company: Company, query: str, status: int) -> None:
    assert company.client(Role.PROGRAM_LEAD).get(f"/adoption/{query}").status_code == status


def test_htmx_gets_the_named_part_alone(company: Company) -> None:
    client = company.client(Role.PROGRAM_LEAD)
    part = client.get("/adoption/?weeks=26", headers={"HX-Request": "true"})
    whole = client.get("/adoption/?weeks=26")
    assert "<html" not in part.content.decode()
    assert 'id="adoption"' in part.content.decode()
    assert "<html" in whole.content.decode()
    assert "HX-Request" in part.headers["Vary"]
    assert "HX-Request" in whole.headers["Vary"]


def test_going_back_gets_the_whole_page(company: Company) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in page(company.client(Role.PROGRAM_LEAD), headers=headers)


def test_filters_are_kept_in_the_links(company: Company) -> None:
    html = page(company.client(Role.PROGRAM_LEAD), "?department=Service&weeks=26")
    assert "department=Service+%2F+Phones&amp;weeks=26" in html
    assert 'export.csv?department=Service&amp;weeks=26"' in html


def test_every_figure_says_where_it_is_from(company: Company) -> None:
    html = page(company.client(Role.PROGRAM_LEAD), "?department=Service")
    assert html.count('<details class="where">') >= 9
    words = cells(html)
    for part in ("Definition", "Formula", "Out of", "Period", "Version", "Computed", "Exclusions"):
        assert words.count(part) >= 9
    assert "adoption-1" in words


def test_figures_of_yesterday_carry_a_banner(company: Company) -> None:
    html = page(company.client(Role.PROGRAM_LEAD))
    assert "Figures are from" not in html
    with scope.organization(company.organization.pk), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE adoption_adoptionstate SET computed_at = now() - interval '27 hours'"
        )
    assert "Figures are from" in page(company.client(Role.PROGRAM_LEAD))


def test_queries_do_not_grow_with_departments_and_initiatives(company: Company) -> None:
    client = company.client(Role.PROGRAM_LEAD)
    page(client)
    with CaptureQueriesContext(connection) as few:
        page(client, "?weeks=26")
    with scope.organization(company.organization.pk):
        for number in range(40):
            make_department(path=f"Field / Team {number}")
            make_initiative(key=f"tool-{number}", name=f"Tool {number}")
        write_week(
            week=weeks_ago(6),
            direct={f"Field / Team {number}": counts(20, 7) for number in range(40)},
        )
    with CaptureQueriesContext(connection) as many:
        page(client, "?weeks=26")
    assert len(many) == len(few)
