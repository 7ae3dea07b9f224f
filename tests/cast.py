"""The cast: two organizations with the same names in them, and somebody in every role.

`acme` is ours. `twin` has the same department, initiative, person and key names, so that whatever
leaks from it is seen; everything that is only the twin's carries the word CANARY.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.test import Client

from organizations import scope
from organizations.actions.keys import create_key
from organizations.actions.tenant import NewLogin, get_or_create_user, grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role, Scope
from organizations.models import Organization, Person, User
from portfolio.models import Initiative
from tests.builders import (
    make_department,
    make_initiative,
    make_organization,
    make_person,
)

CANARY = "CANARY"


@dataclass(frozen=True, kw_only=True)
class Company:
    """One organization with a login per role, a key with every scope and a little content."""

    organization: Organization
    users: dict[Role, User]
    key: str
    initiative: Initiative
    person: Person

    def client(self, role: Role) -> Client:
        """A signed-in browser of that role."""
        client = Client()
        client.force_login(
            self.users[role], backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        return client

    def api(self) -> Client:
        """A client that sends the key."""
        return Client(headers={"Authorization": f"Bearer {self.key}"})


def make_company(*, name: str, domain: str, canary: str = "") -> Company:
    """A company whose people live at `domain`."""
    now = datetime.now(UTC)
    organization = make_organization(name=name)
    with scope.organization(organization.pk):
        department = make_department(path="Operations / Warehouse")
        person = make_person(
            email="bo.chen@acme.test",
            name=f"Bo Chen {canary}".strip(),
            department="Operations / Warehouse",
        )
        initiative = make_initiative(key="copilot", name=f"Copilot {canary}".strip())
        users = {}
        for role in Role:
            user = get_or_create_user(NewLogin(email=f"{role.value}@{domain}", name=role.value))
            grant_role(
                organization=organization,
                user=user,
                role=role,
                departments=[department] if role == Role.CHAMPION else [],
                actor=SYSTEM,
                now=now,
            )
            users[role] = user
        key = create_key(
            organization_id=organization.pk,
            name="Nightly export",
            scopes=list(Scope),
            actor=SYSTEM,
            now=now,
        )
    return Company(
        organization=organization,
        users=users,
        key=key.text,
        initiative=initiative,
        person=person,
    )


@pytest.fixture
def acme(db: None) -> Company:
    return make_company(name="Acme", domain="acme.test")


@pytest.fixture
def twin(db: None) -> Company:
    return make_company(name=f"Twin {CANARY}", domain="twin.test", canary=CANARY)


@pytest.fixture
def in_acme(acme: Company) -> Company:
    """Acme, with its scope in force for the whole test."""
    scope.enter(acme.organization.pk)
    return acme


@pytest.fixture(autouse=True)
def no_scope_is_left_behind() -> object:
    with scope.opened():
        yield


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: datetime.now(UTC)
