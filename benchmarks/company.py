"""An organization of any size with people, names and a key, written set-based."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from organizations import scope
from organizations.actions.keys import create_key
from organizations.actions.places import get_departments
from organizations.actions.tenant import create_organization
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Scope
from portfolio.models import Initiative

DOMAIN = "northwind.example"

_PEOPLE = """
INSERT INTO organizations_person
    (organization_id, public_id, external_id, name, email, search_key)
SELECT %(org)s, gen_random_uuid(), 'p' || n, 'Person ' || n, 'p' || n || '@' || %(domain)s, 'p' || n
  FROM generate_series(1, %(people)s) n
"""
_ALIASES = """
INSERT INTO organizations_personalias (organization_id, person_id, kind, value)
SELECT organization_id, id, 'email', email FROM organizations_person
 WHERE organization_id = %(org)s
"""


@dataclass(frozen=True, kw_only=True)
class Company:
    organization_id: int
    initiative_id: int
    people: int
    key: str

    def address(self, number: int) -> str:
        """The address of a person, numbered from 1."""
        return f"p{number}@{DOMAIN}"


def make_company(*, name: str, people: int) -> Company:
    """A company with one initiative, `copilot`, and a key with every scope."""
    now = datetime.now(UTC)
    organization = create_organization(
        name=name, time_zone="UTC", currency="EUR", actor=SYSTEM, now=now
    )
    with scope.organization(organization.pk):
        initiative = make_initiative("copilot")
        key = create_key(
            organization_id=organization.pk,
            name="Nightly export",
            scopes=list(Scope),
            actor=SYSTEM,
            now=now,
        )
    values = {"org": organization.pk, "people": people, "domain": DOMAIN}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, values)
        cursor.execute(_ALIASES, values)
    return Company(
        organization_id=organization.pk,
        initiative_id=initiative.pk,
        people=people,
        key=key.text,
    )


def make_departments(many: int) -> list[int]:
    """The ids of that many departments, two to a division, of the organization in force."""
    paths = [(f"Division {n // 2}", f"Department {n}") for n in range(many)]
    made = get_departments(paths=paths)
    return [made[path] for path in paths]


def make_initiative(key: str) -> Initiative:
    """A live initiative of the organization in force."""
    today = datetime.now(UTC).date()
    return Initiative.objects.create(
        key=key,
        name=key.title(),
        stage="live",
        outcome="Developers merge a reviewed change in 2 days instead of 4",
        metric="Median days from first commit to merge",
        baseline="4",
        target="2",
        target_date=today + timedelta(days=90),
        monthly_budget=12000,
        currency="EUR",
        started_on=date(today.year - 1, 1, 1),
    )
