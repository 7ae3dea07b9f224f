"""Members: who they are, what they may do, and who must stay."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from organizations import scope
from organizations.actions.members import (
    LastAdministrator,
    RolesWanted,
    change_roles,
    check_roles,
)
from organizations.actions.tenant import FacilitatorAlone, NewLogin, get_or_create_user, grant_role
from organizations.calculations.actor import SYSTEM
from organizations.calculations.members import addresses_in, facilitation_end, role_words
from organizations.calculations.roles import Role
from organizations.models import (
    AuditEvent,
    Department,
    Membership,
    MembershipDepartment,
    Organization,
    StandIn,
)
from organizations.reports.members import (
    Factor,
    MemberFilter,
    MemberState,
    find_member,
    member_lines,
    members_report,
)
from sprints.actions import start_sprint
from tests.builders import NOW, TODAY
from tests.cast import CANARY
from tests.second_factor import set_up_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(acme):
    return acme.client(Role.ADMINISTRATOR)


def page_of(company, role: Role) -> str:
    return reverse("member", args=[company.users[role].public_id])


def roles_of(company, role: Role) -> set[str]:
    with scope.organization(company.organization.pk):
        held = Membership.objects.filter(user=company.users[role])
        return set(held.values_list("role", flat=True))


def entries(company, action: str) -> list[dict]:
    with scope.organization(company.organization.pk):
        return [one.changes for one in AuditEvent.objects.filter(action=action)]


def change(company, user, *roles: Role, until=None, departments=()):
    return change_roles(
        organization=company.organization,
        user=user,
        wanted=RolesWanted(roles=frozenset(roles), departments=tuple(departments), until=until),
        actor=SYSTEM,
        today=TODAY,
        now=NOW,
    )


# --- sums ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sprint", "last"),
    [
        (date(2026, 12, 31), date(2027, 1, 14)),
        (date(2026, 10, 7), date(2026, 10, 21)),
        (date(2026, 10, 6), date(2026, 11, 20)),
        (None, date(2026, 11, 20)),
    ],
)
def test_a_facilitator_stays_14_days_after_the_sprint_or_30_without_one(sprint, last):
    assert facilitation_end(sprint_ends_on=sprint, today=date(2026, 10, 21)) == last


def test_addresses_are_read_as_they_are_pasted():
    pasted = "Ann@x.test, bob@x.test;\n\n ANN@x.test \r\n"
    assert addresses_in(pasted) == ("ann@x.test", "bob@x.test")
    assert addresses_in(" \n;, ") == ()


def test_roles_are_told_in_the_order_of_their_first_screens():
    assert role_words({Role.ADMINISTRATOR, Role.PROGRAM_LEAD}) == "Program lead, administrator"
    assert role_words(()) == ""


# --- the list -----------------------------------------------------------------------------------
def test_the_list_tells_everybody_with_role_departments_and_state(acme, administrator):
    page = administrator.get(reverse("members")).content.decode()

    assert "7 members" in page
    for role in Role:
        assert f"{role.value}@acme.test" in page
    assert "Operations / Warehouse" in page
    assert "Never signed in" in page


def test_the_list_shows_nobody_of_another_organization(acme, twin, administrator):
    for name in ("members", "members_export", "invitations"):
        answer = administrator.get(reverse(name))
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert CANARY.encode() not in body
        assert b"twin.test" not in body


def test_filters_leave_whom_they_ask_for(in_acme):
    def names(**wanted) -> set[str]:
        lines = member_lines(
            organization=in_acme.organization, wanted=MemberFilter(**wanted), today=TODAY
        )
        return {line.name for line in lines}

    Membership.objects.filter(role="auditor").update(until=TODAY - timedelta(days=1))
    in_acme.client(Role.EXECUTIVE)

    assert names(role=Role.CHAMPION) == {"champion"}
    assert names(text="FACILIT") == {"facilitator"}
    assert names(state=MemberState.ENDED) == {"auditor"}
    assert names(state=MemberState.LIVE) == {"executive"}
    assert names(state=MemberState.NEW) == {role.value for role in Role} - {"executive", "auditor"}
    assert names(text="nobody") == set()


def test_a_last_day_counts_as_a_day_of_membership(in_acme):
    Membership.objects.filter(role="auditor").update(until=TODAY)
    line = find_member(
        organization=in_acme.organization,
        public_id=in_acme.users[Role.AUDITOR].public_id,
        today=TODAY,
    )
    assert line.state is MemberState.NEW
    assert line.until == TODAY


def test_the_list_says_who_lacks_the_second_factor_they_need(in_acme, settings):
    settings.REQUIRE_MFA = True
    set_up_app(in_acme.users[Role.EXECUTIVE])

    report = members_report(
        organization=in_acme.organization, wanted=MemberFilter(), page=1, today=TODAY
    )

    factors = {line.name: line.factor for line in report.page.object_list}
    assert report.missing == 3
    assert factors["executive"] is Factor.ON
    assert factors["administrator"] is Factor.MISSING
    assert factors["champion"] is Factor.NOT_REQUIRED


def test_nobody_lacks_what_the_organization_does_not_ask_for(in_acme, settings):
    settings.REQUIRE_MFA = True
    Organization.objects.filter(pk=in_acme.organization.pk).update(require_mfa=False)
    in_acme.organization.refresh_from_db()

    report = members_report(
        organization=in_acme.organization,
        wanted=MemberFilter(factor_missing=True),
        page=1,
        today=TODAY,
    )

    assert (report.found, report.missing, report.total) == (0, 0, 7)


def test_the_number_of_queries_does_not_grow_with_the_members(
    in_acme, django_assert_max_num_queries
):
    for number in range(30):
        user = get_or_create_user(NewLogin(email=f"m{number}@acme.test", name=f"M {number}"))
        grant_role(
            organization=in_acme.organization, user=user, role=Role.MEMBER, actor=SYSTEM, now=NOW
        )
    with django_assert_max_num_queries(8):
        members_report(
            organization=in_acme.organization, wanted=MemberFilter(), page=1, today=TODAY
        )


def test_the_file_has_a_line_for_each_member_and_is_audited(acme, administrator):
    answer = administrator.get(reverse("members_export") + "?role=champion")

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"name","email","roles"')
    assert len(lines) == 2
    assert "Operations / Warehouse" in lines[1]
    assert entries(acme, "members.exported") == [{"lines": 1}]


# --- changing roles -----------------------------------------------------------------------------
def test_a_changed_role_counts_from_the_next_request(acme, administrator):
    member = acme.client(Role.MEMBER)
    assert member.get(reverse("people")).status_code == 403

    answer = administrator.post(page_of(acme, Role.MEMBER), {"roles": ["program_lead", "member"]})

    assert answer.status_code == 302
    assert member.get(reverse("people")).status_code == 200
    assert entries(acme, "roles.changed") == [
        {"roles": {"from": ["member"], "to": ["member", "program_lead"]}}
    ]


def test_saving_the_same_again_writes_no_entry(acme, administrator):
    administrator.post(page_of(acme, Role.MEMBER), {"roles": ["member"]})
    assert entries(acme, "roles.changed") == []


def test_a_champion_needs_departments_and_gets_exactly_those_chosen(acme, administrator):
    with scope.organization(acme.organization.pk):
        wanted = Department.objects.get(key="Operations")
    without = administrator.post(page_of(acme, Role.CHAMPION), {"roles": ["champion"]})
    assert "at least one department" in without.content.decode()

    administrator.post(
        page_of(acme, Role.CHAMPION), {"roles": ["champion"], "departments": [wanted.public_id]}
    )

    with scope.organization(acme.organization.pk):
        owned = MembershipDepartment.objects.filter(membership__user=acme.users[Role.CHAMPION])
        assert [one.department for one in owned] == [wanted]


def test_a_department_of_another_organization_is_no_choice(acme, twin, administrator):
    with scope.organization(twin.organization.pk):
        theirs = Department.objects.get(key="Operations").public_id

    answer = administrator.post(
        page_of(acme, Role.MEMBER), {"roles": ["champion"], "departments": [theirs]}
    )

    assert answer.status_code == 200
    assert roles_of(acme, Role.MEMBER) == {"member"}


def test_departments_of_somebody_who_is_no_champion_any_more_are_gone(acme, administrator):
    administrator.post(page_of(acme, Role.CHAMPION), {"roles": ["member"]})
    with scope.organization(acme.organization.pk):
        assert not MembershipDepartment.objects.exists()


def test_a_facilitator_holds_no_other_role(in_acme):
    with pytest.raises(FacilitatorAlone):
        change(in_acme, in_acme.users[Role.MEMBER], Role.FACILITATOR, Role.MEMBER, until=TODAY)
    assert roles_of(in_acme, Role.MEMBER) == {"member"}


def test_a_facilitator_leaves_14_days_after_the_sprint_at_the_latest(in_acme):
    start_sprint(
        organization_id=in_acme.organization.pk,
        name="First",
        starts_on=TODAY,
        actor=SYSTEM,
        now=NOW,
    )
    latest = TODAY + timedelta(days=89 + 14)
    for until in (None, latest + timedelta(days=1)):
        with pytest.raises(Exception, match="at the latest") as refusal:
            check_roles(
                organization=in_acme.organization,
                wanted=RolesWanted(roles=frozenset({Role.FACILITATOR}), until=until),
                today=TODAY,
            )
        assert refusal.value.code == "facilitation_too_long"
    check_roles(
        organization=in_acme.organization,
        wanted=RolesWanted(roles=frozenset({Role.FACILITATOR}), until=latest),
        today=TODAY,
    )


def test_a_facilitator_is_out_after_the_last_day(acme, time_machine):
    time_machine.move_to(NOW, tick=False)
    client = acme.client(Role.FACILITATOR)
    with scope.organization(acme.organization.pk):
        change(acme, acme.users[Role.FACILITATOR], Role.FACILITATOR, until=TODAY)
    assert client.get(reverse("scoring")).status_code == 200

    time_machine.move_to(NOW + timedelta(days=1), tick=False)

    assert acme.client(Role.FACILITATOR).get(reverse("scoring")).status_code == 302


def test_the_last_administrator_stays_one(acme, administrator):
    own = page_of(acme, Role.ADMINISTRATOR)
    for form in ({"roles": ["member"]}, {"roles": ["administrator"], "until": "2999-01-01"}):
        answer = administrator.post(own, form)
        assert "last administrator" in answer.content.decode()
    leave = administrator.post(
        reverse("member_leave", args=[acme.users[Role.ADMINISTRATOR].public_id])
    )
    assert "last administrator" in leave.content.decode()
    assert roles_of(acme, Role.ADMINISTRATOR) == {"administrator"}


def test_with_a_second_administrator_the_first_one_may_go(in_acme):
    change(in_acme, in_acme.users[Role.EXECUTIVE], Role.EXECUTIVE, Role.ADMINISTRATOR)
    change(in_acme, in_acme.users[Role.ADMINISTRATOR], Role.MEMBER)
    with pytest.raises(LastAdministrator):
        change(in_acme, in_acme.users[Role.EXECUTIVE], Role.EXECUTIVE)
    assert roles_of(in_acme, Role.EXECUTIVE) == {"executive", "administrator"}


def test_a_login_that_is_switched_off_is_no_administrator_to_rely_on(in_acme):
    second = in_acme.users[Role.EXECUTIVE]
    change(in_acme, second, Role.ADMINISTRATOR)
    second.is_active = False
    second.save(update_fields=["is_active"])
    with pytest.raises(LastAdministrator):
        change(in_acme, in_acme.users[Role.ADMINISTRATOR], Role.MEMBER)


def test_a_day_that_is_over_is_no_last_day(acme, administrator):
    answer = administrator.post(
        page_of(acme, Role.MEMBER), {"roles": ["member"], "until": "2020-01-01"}
    )
    assert "That day is over." in answer.content.decode()


def test_changing_roles_here_changes_nothing_elsewhere(acme, twin, administrator):
    user = acme.users[Role.MEMBER]
    grant_role(
        organization=twin.organization, user=user, role=Role.EXECUTIVE, actor=SYSTEM, now=NOW
    )
    administrator.post(page_of(acme, Role.MEMBER), {"roles": ["auditor"]})
    rows = Membership.unscoped.filter(user=user).values_list("organization__name", "role")
    assert set(rows) == {("Acme", "auditor"), (f"Twin {CANARY}", "executive")}


def test_members_of_another_organization_are_not_there(acme, twin, administrator):
    for name in ("member", "member_leave"):
        address = reverse(name, args=[twin.users[Role.MEMBER].public_id])
        assert administrator.get(address).status_code == 404
        assert administrator.post(address, {"roles": ["member"]}).status_code == 404


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_nobody_else_sees_or_changes_members(acme, role):
    client = acme.client(role)
    names = ("members", "members_export", "invitations", "member_invite")
    assert {client.get(reverse(name)).status_code for name in names} == {403}
    assert client.post(page_of(acme, role), {"roles": ["administrator"]}).status_code == 403
    assert roles_of(acme, role) == {role.value}


def test_roles_want_a_fresh_second_factor(acme, administrator, settings):
    settings.REQUIRE_MFA = True
    answer = administrator.post(page_of(acme, Role.MEMBER), {"roles": ["administrator"]})
    assert answer.status_code == 302
    assert "2fa" in answer["Location"]
    assert roles_of(acme, Role.MEMBER) == {"member"}


def test_ending_a_membership_ends_stand_ins_for_and_by_the_member(acme, administrator):
    lead, member = acme.users[Role.PROGRAM_LEAD], acme.users[Role.EXECUTIVE]
    with scope.organization(acme.organization.pk):
        for user, delegate in ((lead, member), (member, lead)):
            StandIn.objects.create(user=user, delegate=delegate, span=("2030-01-01", "2030-02-01"))

    administrator.post(reverse("member_leave", args=[member.public_id]))

    assert roles_of(acme, Role.EXECUTIVE) == set()
    with scope.organization(acme.organization.pk):
        assert not StandIn.objects.exists()
    assert acme.client(Role.EXECUTIVE).get("/sprint/")["Location"] == "/no-organization/"
