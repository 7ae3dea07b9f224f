"""Small steps, one big step, and METHODS 3.1 read aloud give the same figures."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adoption.models import WeekMask
from adoption.refresh.run import refresh_adoption
from organizations import scope
from organizations.models import DirtySpan, DirtyWeek
from tests.adoption import plain
from tests.adoption.world import World, later

AS_THEY_COME = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def tables() -> tuple[dict, dict, dict, set]:
    return (
        plain.stored_groups(),
        plain.stored_person_weeks(),
        plain.stored_source_weeks(),
        set(WeekMask.objects.values_list()),
    )


def play(seed: int) -> World:
    """A random history with a refresh after every handful of changes."""
    random = Random(seed)  # noqa: S311 - a play, not a secret
    world = World(random=random)
    with scope.organization(world.organization.pk):
        world.build()
        for _ in range(random.randrange(3, 12)):
            for _ in range(random.choice([1, 1, 2, 20])):
                world.change()
            if random.random() < 0.15:
                later(world, weeks=random.randrange(1, 3))
            refresh_adoption(organization_id=world.organization.pk, now=world.now)
    return world


def agree(seed: int) -> None:
    world = play(seed)
    with scope.organization(world.organization.pk):
        stepwise = tables()
        assert stepwise[1] == plain.person_weeks()
        assert stepwise[2] == plain.source_weeks(world)
        assert stepwise[0] == plain.group_weeks(world)
        again = refresh_adoption(organization_id=world.organization.pk, now=world.now, full=True)
        assert tables() == stepwise
        assert again == 0
        assert not DirtyWeek.objects.exists()
        assert not DirtySpan.objects.exists()


@pytest.mark.django_db
@settings(AS_THEY_COME, max_examples=8)
@given(seed=st.integers(0, 10**9))
def test_steps_and_rebuild_and_plain_reading_agree(seed: int) -> None:
    agree(seed)


@pytest.mark.slow
@pytest.mark.django_db
@settings(AS_THEY_COME, max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_they_agree_on_many_histories(seed: int) -> None:
    agree(seed)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 12, 23])
def test_the_ways_for_many_agree_too(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same histories with every limit between few and many set to nothing."""
    monkeypatch.setattr("adoption.refresh.people.PROBE_UP_TO", 0)
    monkeypatch.setattr("adoption.refresh.run.FEW_PEOPLE", 0)
    monkeypatch.setattr("adoption.refresh.masks._FEW", 0)
    monkeypatch.setattr("adoption.refresh.masks._CELLS", 500)
    monkeypatch.setattr("adoption.refresh.groups._PEOPLE", 2)
    monkeypatch.setattr("adoption.refresh.groups._HANDFUL", 0)
    agree(seed)
