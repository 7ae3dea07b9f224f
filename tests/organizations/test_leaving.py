"""Leaving, closing and reopening an organization, and its end after 30 days."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client

from organizations import scope, tasks
from organizations.actions.approvals import SecondPersonNeeded, approve
from organizations.actions.dissolving import dissolve, due
from organizations.actions.exports import ask_export, write_file
from organizations.actions.files import folder_of
from organizations.actions.leaving import NameDiffers, close, leave, propose_closing, reopen
from organizations.actions.mail import NewMail, post
from organizations.actions.members import LastAdministrator
from organizations.actions.sweep import sweep_all
from organizations.actions.tenant import grant_role
from organizations.actions.trail import verify
from organizations.calculations.actor import SYSTEM
from organizations.calculations.roles import Role
from organizations.errors import Conflict, NotFound
from organizations.models import (
    Approval,
    AuditEvent,
    AuditHead,
    JobRun,
    Mail,
    Membership,
    Organization,
    User,
)
from sprints import tasks as sprint_tasks
from tests.builders import make_membership, make_user
from tests.cast import Company
from tests.contracts.furnishing import furnish

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
AFTER = NOW + timedelta(days=31)


@pytest.fixture
def ada(in_acme: Company) -> User:
    """A second administrator."""
    user = make_user(email="ada@acme.test", name="Ada")
    make_membership(user=user, role=Role.ADMINISTRATOR)
    return user


def proposed(company: Company) -> Approval:
    with scope.organization(company.organization.pk):
        return propose_closing(
            organization_id=company.organization.pk,
            name=company.organization.name,
            reason="The programme is over",
            by=company.users[Role.ADMINISTRATOR],
            now=NOW,
        )


def closed(company: Company) -> Organization:
    """The company, closed by its administrator alone as an act of the system."""
    with scope.organization(company.organization.pk), transaction.atomic():
        close(approval=proposed(company), actor=SYSTEM, now=NOW)
    return Organization.objects.get(pk=company.organization.pk)


# --- leaving ------------------------------------------------------------------------------------
def test_a_member_leaves_by_themselves(acme: Company) -> None:
    client = acme.client(Role.CHAMPION)
    assert client.post("/settings/leave/now/", {}).status_code == 200
    assert client.get("/adoption/").status_code == 200
    client.post("/settings/leave/now/", {"sure": "on"})
    assert client.get("/adoption/")["Location"] == "/no-organization/"
    with scope.organization(acme.organization.pk):
        entry = AuditEvent.objects.latest("sequence")
    assert entry.action == "membership.ended"
    assert entry.changes["roles"] == ["champion"]


def test_the_last_administrator_stays(acme: Company) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    answer = client.post("/settings/leave/now/", {"sure": "on"})
    assert "the last administrator here" in answer.content.decode()
    assert client.get("/settings/").status_code == 200


def test_one_of_two_administrators_leaves(in_acme: Company, ada: User) -> None:
    leave(organization=in_acme.organization, user=ada, now=NOW)
    assert not Membership.objects.filter(user=ada).exists()
    with pytest.raises(LastAdministrator):
        leave(organization=in_acme.organization, user=in_acme.users[Role.ADMINISTRATOR], now=NOW)


# --- closing ------------------------------------------------------------------------------------
def test_a_second_administrator_signs_and_then_nobody_comes_in(in_acme: Company, ada: User) -> None:
    approval = proposed(in_acme)
    member, key = in_acme.client(Role.MEMBER), in_acme.api()
    assert member.get("/me/").status_code == 200
    with pytest.raises(SecondPersonNeeded):
        approve(approval=approval, by=in_acme.users[Role.ADMINISTRATOR], answer="", now=NOW)
    assert key.get("/api/v1/batches").status_code == 200
    approve(approval=approval, by=ada, answer="So be it", now=NOW)
    organization = Organization.objects.get(pk=in_acme.organization.pk)
    assert (organization.active, organization.closing_on) == (
        False,
        (NOW + timedelta(days=30)).date(),
    )
    assert member.get("/me/")["Location"] == "/no-organization/"
    refused, unknown = key.get("/api/v1/batches"), Client().get("/api/v1/batches")
    assert (refused.status_code, refused.json()["code"]) == (401, unknown.json()["code"])
    said = AuditEvent.objects.order_by("-sequence").values_list("action", flat=True)
    assert {"organization.closed", "approval.signed"} <= set(said[:3])
    assert Mail.unscoped.filter(kind="organization_closed").count() == 2


def test_a_wrong_name_and_a_second_proposal_are_refused(in_acme: Company) -> None:
    with pytest.raises(NameDiffers):
        propose_closing(
            organization_id=in_acme.organization.pk,
            name="acme",
            reason="",
            by=in_acme.users[Role.ADMINISTRATOR],
            now=NOW,
        )
    proposed(in_acme)
    with pytest.raises(Conflict):
        proposed(in_acme)


def test_the_page_proposes_with_the_typed_name(in_acme: Company) -> None:
    client = in_acme.client(Role.ADMINISTRATOR)
    wrong = client.post("/settings/close/", {"name": "Acmee", "reason": "Over"})
    assert "not the name of this organization" in wrong.content.decode()
    answer = client.post("/settings/close/", {"name": "Acme", "reason": "Over"})
    approval = Approval.objects.get()
    assert str(approval.public_id) in answer["Location"]
    assert "waits for a second signature" in client.get("/settings/leave/").content.decode()
    assert Organization.objects.get(pk=in_acme.organization.pk).active


def test_no_night_and_no_sweep_touches_a_closed_organization(acme: Company) -> None:
    closed(acme)
    with scope.organization(acme.organization.pk):
        JobRun.objects.all().delete()
        JobRun.objects.create(kind="night", period="2026-11-20", created_at=NOW - timedelta(days=1))
    Mail.unscoped.all().delete()
    assert sweep_all(now=NOW + timedelta(minutes=2)) == 0
    with time_machine.travel(NOW + timedelta(days=2)):
        sprint_tasks.ensure_due()
    with scope.organization(acme.organization.pk):
        assert JobRun.objects.count() == 1


# --- reopening ----------------------------------------------------------------------------------
def test_an_administrator_opens_it_again_from_the_page_for_those_without_one(
    acme: Company,
) -> None:
    closed(acme)
    client = acme.client(Role.ADMINISTRATOR)
    assert "/closed/" in client.get("/no-organization/").content.decode()
    assert "Open Acme again" in client.get("/closed/").content.decode()
    client.post("/closed/", {"organization": str(acme.organization.public_id)})
    assert client.get("/settings/").status_code == 200
    organization = Organization.objects.get(pk=acme.organization.pk)
    assert (organization.active, organization.closing_on) == (True, None)
    assert acme.api().get("/api/v1/batches").status_code == 200
    with scope.organization(acme.organization.pk):
        assert AuditEvent.objects.latest("sequence").action == "organization.reopened"
    assert verify(organization_id=acme.organization.pk) is None


@pytest.mark.parametrize("role", [Role.PROGRAM_LEAD, Role.EXECUTIVE, Role.MEMBER])
def test_nobody_else_opens_it_again(acme: Company, role: Role) -> None:
    organization = closed(acme)
    client = acme.client(role)
    assert "Open Acme again" not in client.get("/closed/").content.decode()
    sent = {"organization": str(organization.public_id)}
    assert client.post("/closed/", sent).status_code == 404
    assert client.post("/closed/", {"organization": "x"}).status_code == 404
    assert not Organization.objects.get(pk=organization.pk).active


def test_an_open_organization_and_one_of_others_cannot_be_reopened(
    acme: Company, twin: Company
) -> None:
    closed(twin)
    for organization in (acme.organization, twin.organization):
        with pytest.raises(NotFound):
            reopen(public_id=organization.public_id, by=acme.users[Role.ADMINISTRATOR], now=NOW)


# --- the end ------------------------------------------------------------------------------------
def fingerprint(organization: Organization) -> dict[str, str]:
    """A checksum of every row of an organization, by table."""
    sums = {}
    for table, column in owned_tables():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {table} t"
                f" WHERE {column} = %s",
                [organization.pk],
            )
            sums[table] = hashlib.sha256(cursor.fetchone()[0].encode()).hexdigest()
    return sums


def owned_tables() -> list[tuple[str, str]]:
    """Asked of the database, so that no list of ours can forget one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name FROM information_schema.columns c"
            "  JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.column_name = 'organization_id' AND t.table_type = 'BASE TABLE'"
            "   AND c.table_schema = current_schema() ORDER BY 1"
        )
        found = [(row[0], "organization_id") for row in cursor.fetchall()]
    return [*found, ("organizations_organization", "id")]


def rows_of(organization_id: int) -> dict[str, int]:
    counts = {}
    for table, column in owned_tables():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} = %s", [organization_id])
            counts[table] = cursor.fetchone()[0]
    return {table: count for table, count in counts.items() if count}


def test_after_30_days_nothing_of_it_is_left_and_the_twin_is_as_it_was(
    acme: Company, twin: Company, settings, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    settings.DATA_DIR = tmp_path
    furnish(acme)
    furnish(twin, canary="CANARY")
    with scope.organization(acme.organization.pk):
        grant_role(
            organization=acme.organization,
            user=twin.users[Role.MEMBER],
            role=Role.MEMBER,
            actor=SYSTEM,
            now=NOW,
        )
        run = ask_export(
            organization_id=acme.organization.pk, by=acme.users[Role.ADMINISTRATOR], now=NOW
        )
        assert write_file(run=run, clock=lambda: NOW)
    with transaction.atomic():
        post(
            new=NewMail(kind="x", address="a@acme.test", subject="s", text="t"),
            organization=acme.organization,
            user=acme.users[Role.MEMBER],
            now=NOW,
        )
    organization, only_ours = closed(acme), acme.users[Role.CHAMPION].pk
    before, logins = fingerprint(twin.organization), User.objects.count()
    assert len(rows_of(organization.pk)) > 25
    folder = folder_of(public_id=organization.public_id)
    assert list(folder.iterdir())

    assert dissolve(organization_id=organization.pk, now=AFTER) > 100
    assert rows_of(organization.pk) == {}
    assert not AuditEvent.unscoped.filter(organization_id=organization.pk).exists()
    assert not AuditHead.objects.filter(pk=organization.pk).exists()
    assert not folder.exists()
    assert fingerprint(twin.organization) == before
    assert not User.objects.filter(pk=only_ours).exists()
    assert User.objects.filter(pk=twin.users[Role.MEMBER].pk).exists()
    assert User.objects.count() == logins - len(acme.users)
    assert verify(organization_id=twin.organization.pk) is None


def test_it_is_erased_on_its_day_and_not_before(acme: Company) -> None:
    organization = closed(acme)
    assert due(now=NOW + timedelta(days=29)) == []
    assert dissolve(organization_id=organization.pk, now=NOW + timedelta(days=29)) == 0
    assert due(now=NOW + timedelta(days=30)) == [organization.pk]
    with time_machine.travel(NOW + timedelta(days=30)):
        tasks.dissolve_organization(organization.pk)
    assert rows_of(organization.pk) == {}
    assert dissolve(organization_id=organization.pk, now=AFTER) == 0


def test_its_day_is_a_day_of_its_own_calendar(acme: Company) -> None:
    Organization.objects.filter(pk=acme.organization.pk).update(time_zone="Pacific/Kiritimati")
    organization = closed(acme)
    assert organization.closing_on is not None
    midnight = datetime.combine(organization.closing_on, datetime.min.time(), UTC)
    begins = midnight - timedelta(hours=14)
    assert due(now=begins - timedelta(minutes=1)) == []
    assert due(now=begins) == [organization.pk]


def test_an_open_organization_is_never_erased(acme: Company) -> None:
    assert dissolve(organization_id=acme.organization.pk, now=AFTER) == 0
    assert rows_of(acme.organization.pk)
    with pytest.raises(DatabaseError, match="Only a closed organization"), transaction.atomic():
        forget(acme.organization)
    assert AuditEvent.unscoped.filter(organization_id=acme.organization.pk).exists()


def forget(organization: Organization) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lastmile_forget_organization(%s)", [organization.pk])


def test_the_trail_stays_append_only_after_an_organization_was_forgotten(
    acme: Company, twin: Company
) -> None:
    dissolve(organization_id=closed(acme).pk, now=AFTER)
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        AuditEvent.unscoped.filter(organization_id=twin.organization.pk).delete()


def test_every_table_of_a_tenant_is_known_to_django() -> None:
    """Erasing goes by models: a table without one would stay."""
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    parts = {table for table, _ in owned_tables() if table.startswith("adoption_usagefact_2")}
    assert {table for table, _ in owned_tables()} - parts <= known
