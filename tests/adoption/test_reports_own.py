from datetime import UTC, date, datetime, timedelta

import pytest

from adoption.calculations.states import State
from adoption.refresh.masks import BEFORE_BIT
from adoption.reports import own
from adoption.reports.figures import FigureStatus
from organizations.calculations.roles import Role
from organizations.models import Person
from organizations.permissions import Member
from tests.adoption.figures import (
    counts,
    weeks_ago,
    write_mask,
    write_person_week,
    write_state,
    write_week,
)
from tests.builders import make_initiative, make_person
from tests.cast import Company

pytestmark = pytest.mark.django_db


def usage_of(company: Company, person: Person | None, role: Role = Role.MEMBER) -> own.MyUsage:
    now = datetime.now(UTC)
    return own.my_usage(
        organization=company.organization,
        member=Member(
            user=company.users[role],
            organization=company.organization,
            roles=frozenset({role}),
            person_id=person.pk if person else None,
        ),
        today=now.date(),
        now=now,
    )


def week_of(found: own.MyUsage, week: date) -> own.OwnWeek:
    return next(each for each in found.weeks if each.week == week)


@pytest.fixture
def company(in_acme: Company) -> Company:
    write_state(organization=in_acme.organization)
    return in_acme


def use(company: Company, back: int, days: int | None = 2, uses: int | None = 5) -> None:
    write_person_week(
        week=weeks_ago(back),
        person_id=company.person.pk,
        initiative_id=company.initiative.pk,
        days=days,
        uses=uses,
    )


def test_a_login_without_a_person_is_told_so(company: Company) -> None:
    found = usage_of(company, None)
    assert not found.is_linked
    assert found.weeks == ()
    assert list(own.own_rows(person_id=None)) == []


def test_weeks_are_a_known_zero_where_sources_spoke_and_empty_where_not(company: Company) -> None:
    write_week(week=weeks_ago(1), direct={})
    write_week(week=weeks_ago(2), direct={}, state="no_data")
    use(company, 0)
    found = usage_of(company, company.person)
    assert week_of(found, weeks_ago(0)).days == 2
    assert week_of(found, weeks_ago(1)).days == 0
    assert week_of(found, weeks_ago(2)).days is None
    assert week_of(found, weeks_ago(3)).days is None


def test_the_running_week_is_marked_and_not_in_the_title(company: Company) -> None:
    use(company, -1)
    found = usage_of(company, company.person)
    assert week_of(found, weeks_ago(-1)).is_running
    assert found.title == "Nothing is known of your use in the last four weeks"


def test_the_title_counts_weeks_with_use_among_weeks_with_data(company: Company) -> None:
    for back in range(3):
        write_week(week=weeks_ago(back), direct={})
    use(company, 0)
    use(company, 1)
    assert usage_of(company, company.person).title == "You used AI in 2 of the last three weeks"
    use(company, 2)
    found = usage_of(company, company.person)
    assert found.title == "You used AI in every one of the last three weeks"


def test_no_use_is_said_plainly(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={})
    found = usage_of(company, company.person)
    assert found.title == "No use of AI is recorded for you in the last week"


def test_days_of_several_initiatives_are_not_added_up(company: Company) -> None:
    use(company, 0, days=3)
    other = make_initiative(key="notes", name="Notes")
    write_person_week(
        week=weeks_ago(0), person_id=company.person.pk, initiative_id=other.pk, days=5
    )
    assert week_of(usage_of(company, company.person), weeks_ago(0)).days == 5


def test_days_that_a_source_does_not_state_are_unknown(company: Company) -> None:
    use(company, 0, days=None, uses=None)
    found = usage_of(company, company.person)
    assert week_of(found, weeks_ago(0)).days is None
    assert week_of(found, weeks_ago(0)).used
    [row] = found.initiatives
    assert (row.days, row.uses, row.weeks_used) == (None, None, 1)
    assert row.why == "its source does not say"


def test_initiatives_sum_the_last_four_weeks(company: Company) -> None:
    for back in (0, 3, 4):
        use(company, back)
    [row] = usage_of(company, company.person).initiatives
    assert (row.weeks_used, row.days, row.uses) == (2, 4, 10)
    assert row.first_week == weeks_ago(4)


def test_what_is_open_and_unused_is_listed(company: Company) -> None:
    write_mask(person_id=company.person.pk, active_weeks=0, initiative_id=company.initiative.pk)
    [row] = usage_of(company, company.person).initiatives
    assert row.note == "You may use it, and have not"
    assert row.weeks_used is None
    assert row.why == "no data"


@pytest.mark.parametrize(
    ("active_weeks", "state"),
    [(3, State.NEW), (10, State.HABITUAL), (0, State.NEVER)],
)
def test_the_state_is_that_of_the_last_week(
    company: Company, active_weeks: int, state: State
) -> None:
    for back in range(12):
        write_week(week=weeks_ago(back), direct={})
    write_mask(person_id=company.person.pk, active_weeks=active_weeks)
    assert usage_of(company, company.person).state is state


def test_being_eligible_before_the_masks_begin_is_remembered(company: Company) -> None:
    for back in range(6):
        write_week(week=weeks_ago(back), direct={})
    last = 1 << 57
    mask = write_mask(person_id=company.person.pk, active_weeks=0)
    mask.eligible_mask = last
    mask.save(update_fields=["eligible_mask"])
    assert usage_of(company, company.person).state is State.STARTING
    mask.eligible_mask = last | 1 << own.BEFORE_BIT
    mask.save(update_fields=["eligible_mask"])
    assert usage_of(company, company.person).state is State.NEVER


def test_the_refresh_keeps_the_bit_where_it_is_read() -> None:
    assert own.BEFORE_BIT == BEFORE_BIT


def test_the_group_figure_is_suppressed_as_everywhere(company: Company) -> None:
    path = "Operations / Warehouse"
    write_week(week=weeks_ago(0), direct={path: counts(4, 2), None: counts(40, 20)})
    found = usage_of(company, company.person)
    assert found.group is not None
    assert found.group.active.status is FigureStatus.SUPPRESSED
    assert found.group.active.n is None


def test_a_group_is_shown_only_to_those_who_may_see_adoption(company: Company) -> None:
    write_week(week=weeks_ago(0), direct={"Operations / Warehouse": counts(40, 20)})
    assert usage_of(company, company.person).group is not None
    assert usage_of(company, company.person, Role.FACILITATOR).group is None


def test_nothing_of_another_person_is_counted(company: Company) -> None:
    other = make_person(email="ann@acme.test", name="Ann Other")
    use(company, 0)
    found = usage_of(company, other)
    assert not found.has_use
    assert list(own.own_rows(person_id=other.pk)) == []


def test_the_file_holds_every_week_that_is_kept(company: Company) -> None:
    use(company, 40)
    use(company, 0, days=None)
    assert list(own.own_rows(person_id=company.person.pk)) == [
        (weeks_ago(0), "Copilot", None, 5, True),
        (weeks_ago(40), "Copilot", 2, 5, True),
    ]


def test_the_number_of_queries_does_not_grow(
    company: Company, django_assert_max_num_queries: object
) -> None:
    for back in range(30):
        use(company, back)
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        usage_of(company, company.person)


def test_twelve_weeks_and_the_running_one_are_drawn(company: Company) -> None:
    found = usage_of(company, company.person)
    assert len(found.weeks) == 13
    assert found.weeks[0].week == weeks_ago(11)
    assert found.weeks[-1].week == weeks_ago(0) + timedelta(weeks=1)
