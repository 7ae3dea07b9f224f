from datetime import UTC, datetime, timedelta

import pytest

from adoption.registry import named_ranges
from adoption.reports.adoption import AdoptionReport, adoption_report
from adoption.reports.figures import FigureStatus
from adoption.reports.ranges import UnknownRange
from adoption.reports.wording import Situation
from organizations.calculations.roles import Role
from organizations.errors import NotFound
from organizations.models import Department, Subject
from organizations.permissions import Member
from tests.adoption.figures import counts, weeks_ago, write_state, write_week
from tests.builders import make_department, make_initiative
from tests.cast import Company

pytestmark = pytest.mark.django_db

PATHS = (
    "Service / Phones",
    "Service / Mail",
    "Service / Returns",
    "Sales",
    "Warehouse",
)


@pytest.fixture
def company(in_acme: Company) -> Company:
    for path in PATHS:
        make_department(path=path)
    write_state(organization=in_acme.organization)
    return in_acme


def member(company: Company, *roles: Role, own: tuple[str, ...] = ()) -> Member:
    return Member(
        user=company.users[roles[0]],
        organization=company.organization,
        roles=frozenset(roles),
        department_ids=frozenset(
            Department.objects.filter(key__in=own).values_list("pk", flat=True)
        ),
    )


def report_for(
    company: Company,
    *,
    who: Member | None = None,
    department: str | None = None,
    initiative: str | None = None,
    weeks: str = "13",
    now: datetime | None = None,
) -> AdoptionReport:
    now = now or datetime.now(UTC)
    return adoption_report(
        organization=company.organization,
        member=who or member(company, Role.PROGRAM_LEAD),
        department_key=department,
        initiative_key=initiative,
        weeks=weeks,
        today=now.date(),
        now=now,
    )


def usual(phones: int = 30, mail: int = 20, returns: int = 3) -> dict[str | None, dict[str, int]]:
    return {
        "Service / Phones": counts(40, phones),
        "Service / Mail": counts(30, mail),
        "Service / Returns": counts(returns, 1),
        "Sales": counts(50, 20),
        "Warehouse": counts(20, 5),
    }


def test_the_title_says_the_share_and_where_it_came_from(company: Company) -> None:
    write_week(week=weeks_ago(12), direct={"Sales": counts(50, 11)})
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 35)})
    assert report_for(company).title == (
        "70% of eligible people use AI weekly, up from 22% twelve weeks ago"
    )
    assert report_for(company, department="Sales").title == (
        "70% of Sales uses AI weekly, up from 22% twelve weeks ago"
    )


def test_a_title_names_the_initiative_and_a_fall(company: Company) -> None:
    make_initiative(key="notes", name="Notes")
    pk = report_for(company).initiatives[-1].pk
    write_week(week=weeks_ago(1), direct={"Sales": counts(50, 30)}, initiative_id=pk)
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20)}, initiative_id=pk)
    found = report_for(company, initiative="notes")
    assert found.title == "40% of eligible people use Notes weekly, down from 60% one week ago"


def test_a_share_that_did_not_move_says_so(company: Company) -> None:
    write_week(week=weeks_ago(2), direct={"Sales": counts(50, 20)})
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20)})
    assert report_for(company).title == "40% of eligible people use AI weekly, as two weeks ago"


def test_figures_of_an_earlier_week_are_told_in_the_past(company: Company) -> None:
    write_week(week=weeks_ago(3), direct={"Sales": counts(50, 20)})
    found = report_for(company)
    assert "used AI in the week to" in found.title
    assert found.latest is not None
    assert not found.latest.is_current


def test_partial_data_is_a_lower_bound_without_a_trend(company: Company) -> None:
    write_week(week=weeks_ago(4), direct={"Sales": counts(50, 10)})
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20)}, state="partial")
    found = report_for(company)
    assert found.title == "At least 40% of eligible people use AI weekly"
    assert found.partial_weeks == (weeks_ago(0),)
    assert found.parts[0].since_first.status is not FigureStatus.KNOWN


def test_without_any_refresh_nothing_is_claimed(in_acme: Company) -> None:
    found = report_for(in_acme)
    assert found.situation is Situation.NOTHING_YET
    assert found.latest is None


def test_silent_weeks_are_no_data_and_not_zero(company: Company) -> None:
    write_week(week=weeks_ago(1), direct={}, state="no_data")
    found = report_for(company, weeks="8")
    assert found.situation is Situation.NO_DATA
    assert found.title == "No data on the use of AI in the last eight weeks"


def test_nobody_eligible_is_unknown_and_not_zero(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={})
    found = report_for(company)
    assert found.situation is Situation.NO_ELIGIBLE
    assert found.points[-1].active.status is FigureStatus.UNKNOWN
    assert found.points[-2].active.status is FigureStatus.NO_DATA


def test_a_zero_is_known(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 0)})
    found = report_for(company)
    assert found.title == "0% of eligible people use AI weekly"
    assert found.points[-1].active.status is FigureStatus.KNOWN


def test_a_small_group_and_what_would_give_it_away_are_hidden(company: Company) -> None:
    write_week(week=weeks_ago(0), direct=usual())
    rows = {row.name: row for row in report_for(company, department="Service").parts}
    assert rows["Returns"].active.status is FigureStatus.SUPPRESSED
    assert rows["Mail"].active.status is FigureStatus.SUPPRESSED
    assert rows["Phones"].active.k == 30
    hidden = report_for(company, department="Service / Returns")
    assert hidden.title == "Returns: not shown (small group)"
    assert hidden.latest is not None
    assert hidden.latest.active.n is None
    assert hidden.latest.states is None


def test_a_change_with_a_hidden_part_is_hidden_too(company: Company) -> None:
    write_week(week=weeks_ago(1), direct=usual(returns=3))
    write_week(week=weeks_ago(0), direct=usual(returns=30))
    rows = {row.name: row for row in report_for(company, department="Service").parts}
    assert rows["Mail"].active.status is FigureStatus.KNOWN
    assert rows["Mail"].since_before.status is FigureStatus.SUPPRESSED
    assert rows["Mail"].since_before.points is None


def test_a_champion_finds_the_same_cells_hidden_as_the_organization(company: Company) -> None:
    write_week(week=weeks_ago(0), direct=usual())
    champion = member(company, Role.CHAMPION, own=("Service",))
    own = report_for(company, who=champion)
    whole = report_for(company, department="Service")
    assert own.parts == whole.parts
    assert own.place == whole.place
    assert own.crumbs == ()
    assert own.latest is not None
    assert own.latest.everybody is None


def test_a_champion_sees_only_own_departments_and_those_below(company: Company) -> None:
    write_week(week=weeks_ago(0), direct=usual())
    champion = member(company, Role.CHAMPION, own=("Service",))
    offered = [place.path for place in report_for(company, who=champion).departments]
    assert offered == ["Service", "Service / Mail", "Service / Phones", "Service / Returns"]
    assert report_for(company, who=champion, department="Service / Phones").latest is not None
    with pytest.raises(NotFound):
        report_for(company, who=champion, department="Sales")


def test_a_part_of_an_own_department_is_not_offered_twice(company: Company) -> None:
    both = member(company, Role.CHAMPION, own=("Service", "Service / Phones"))
    offered = [place.path for place in report_for(company, who=both).departments]
    assert offered.count("Service / Phones") == 1


def test_a_champion_without_a_department_sees_nothing(company: Company) -> None:
    write_week(week=weeks_ago(0), direct=usual())
    found = report_for(company, who=member(company, Role.CHAMPION))
    assert found.situation is Situation.NO_DEPARTMENT
    assert found.departments == ()
    assert found.points == ()


def test_detail_needs_twice_the_smallest_group(company: Company) -> None:
    write_week(
        week=weeks_ago(0),
        direct={"Service / Phones": counts(8, 4), "Service / Mail": counts(9, 4)},
    )
    found = report_for(company, department="Service / Phones")
    assert found.latest is not None
    assert found.latest.active.k == 4
    assert found.latest.states is None
    assert found.latest.habitual.status is FigureStatus.SUPPRESSED
    assert found.latest.detail_status == "suppressed"


def test_states_add_up_to_the_eligible(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20, state_lapsed=7)})
    latest = report_for(company).latest
    assert latest is not None
    assert latest.states is not None
    assert sum(state.people for state in latest.states) == latest.active.n == 50
    assert (latest.lapsed, latest.never) == (7, 23)


def test_habit_is_out_of_those_eligible_in_all_four_weeks(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20, elig4=40, habitual=10)})
    latest = report_for(company).latest
    assert latest is not None
    assert (latest.habitual.k, latest.habitual.n) == (10, 40)


def test_a_habit_of_too_few_is_hidden_in_a_large_group(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20, elig4=3, habitual=2)})
    latest = report_for(company).latest
    assert latest is not None
    assert latest.active.k == 20
    assert latest.habitual.status is FigureStatus.SUPPRESSED
    assert latest.habitual.n is None


@pytest.mark.parametrize(("outside", "told"), [(0, 0), (1, None), (4, None), (5, 5)])
def test_a_few_users_without_access_are_not_counted_out(
    company: Company, outside: int, told: int | None
) -> None:
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20, outside=outside)})
    latest = report_for(company).latest
    assert latest is not None
    assert latest.outside == told


def test_people_without_a_department_are_a_part_of_the_whole(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20), None: counts(30, 10)})
    parts = report_for(company).parts
    assert parts[-1].name == "No department"
    assert (parts[-1].active.k, parts[-1].leads_on) == (10, False)


def test_a_smallest_group_that_was_raised_hides_more(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={"Sales": counts(50, 20), "Warehouse": counts(12, 5)})
    assert report_for(company, department="Warehouse").situation is Situation.FIGURES
    company.organization.k_min = 13
    found = report_for(company, department="Warehouse")
    assert found.situation is Situation.SUPPRESSED


def test_initiatives_are_listed_each_on_its_own(company: Company) -> None:
    pk = company.initiative.pk
    write_week(week=weeks_ago(0), direct=usual())
    write_week(week=weeks_ago(0), direct={"Sales": counts(20, 6)}, initiative_id=pk)
    make_initiative(key="silent", name="Silent")
    rows = {row.path: row for row in report_for(company).initiative_rows}
    assert (rows["copilot"].active.k, rows["copilot"].active.n) == (6, 20)
    assert rows["silent"].active.status is FigureStatus.NO_DATA


@pytest.mark.parametrize("weeks", ["7", "0", "-1", "sprint", "all", "13.0"])
def test_a_range_that_is_not_offered_is_refused(company: Company, weeks: str) -> None:
    with pytest.raises(UnknownRange):
        report_for(company, weeks=weeks)


def test_a_sprint_is_a_range_of_whole_weeks(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = weeks_ago(4) + timedelta(days=2)
    monkeypatch.setitem(named_ranges, "sprint", lambda *, organization_id, today: start)
    write_week(week=weeks_ago(0), direct=usual())
    assert [point.week for point in report_for(company, weeks="sprint").points] == [
        weeks_ago(back) for back in (4, 3, 2, 1, 0)
    ]


def test_unknown_departments_and_initiatives_are_not_found(company: Company) -> None:
    with pytest.raises(NotFound):
        report_for(company, department="Sales / Nowhere")
    with pytest.raises(NotFound):
        report_for(company, initiative="nothing")


def test_old_figures_are_stale(company: Company) -> None:
    write_week(week=weeks_ago(0), direct=usual())
    fresh = report_for(company)
    late = report_for(company, now=datetime.now(UTC) + timedelta(hours=27))
    assert fresh.freshness is not None
    assert late.freshness is not None
    assert (fresh.freshness.is_stale, late.freshness.is_stale) == (False, True)


def test_unmatched_names_are_counted_for_those_who_see_everything(company: Company) -> None:
    Subject.objects.create(
        source="upload",
        kind="email",
        external_id="x@acme.test",
        first_seen=weeks_ago(1),
        last_seen=weeks_ago(0),
    )
    assert report_for(company).unmatched == 1
    champion = member(company, Role.CHAMPION, own=("Service",))
    assert report_for(company, who=champion).unmatched is None
