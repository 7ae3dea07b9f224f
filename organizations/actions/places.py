"""Departments and job roles that a file names: found by their words, made where they are new."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from organizations.calculations.preview import Names
from organizations.models import Department, JobRole

PATH = " / "


@dataclass(frozen=True, kw_only=True)
class Places:
    """Ids by the words of a file. Ids below 0 are provisional: nothing has been made yet.

    stored: departments that exist, by key; stored_roles: job roles that exist, by name; new: keys
    of departments that do not exist, by provisional id.
    """

    departments: Mapping[tuple[str, ...], int]
    roles: Mapping[str, int]
    stored: Mapping[str, int]
    stored_roles: Mapping[str, int]

    @property
    def new(self) -> dict[int, str]:
        return {pk: PATH.join(path) for path, pk in self.departments.items() if pk < 0}

    @property
    def new_roles(self) -> dict[int, str]:
        return {pk: name for name, pk in self.roles.items() if pk < 0}

    @property
    def names(self) -> Names:
        return Names(
            departments={**{pk: key for key, pk in self.stored.items()}, **self.new},
            roles={**{pk: name for name, pk in self.stored_roles.items()}, **self.new_roles},
        )

    def made(self, *, departments: set[int], roles: set[int]) -> tuple[dict[int, int], ...]:
        """Make the new ones among these ids: real ids by provisional ones, for each of the two."""
        paths = {path: pk for path, pk in self.departments.items() if pk < 0 and pk in departments}
        names = {name: pk for name, pk in self.new_by_name.items() if pk in roles}
        found = get_departments(paths=paths)
        jobs = get_job_roles(names=set(names))
        return (
            {pk: found[path] for path, pk in paths.items()},
            {pk: jobs[name] for name, pk in names.items()},
        )

    @property
    def new_by_name(self) -> dict[str, int]:
        return {name: pk for name, pk in self.roles.items() if pk < 0}


def find_places(*, departments: Iterable[tuple[str, ...]], roles: Iterable[str]) -> Places:
    """What exists, and provisional ids for what does not."""
    stored = dict(Department.objects.values_list("key", "pk"))
    names = dict(JobRole.objects.values_list("name", "pk"))
    paths = sorted(set(departments))
    return Places(
        departments={
            path: stored.get(PATH.join(path), -number) for number, path in enumerate(paths, 1)
        },
        roles={name: names.get(name, -number) for number, name in enumerate(sorted(set(roles)), 1)},
        stored=stored,
        stored_roles=names,
    )


def get_departments(*, paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Ids of departments by path; missing ones are made, with those above them."""
    wanted = {path[:depth] for path in paths for depth in range(1, len(path) + 1)}
    keys = {PATH.join(path): path for path in wanted}
    stored = Department.objects.filter(key__in=keys).values_list("key", "pk")
    found = {keys[key]: pk for key, pk in stored}
    for path in sorted(wanted - found.keys(), key=lambda path: (len(path), path)):
        department = Department.objects.create(
            key=PATH.join(path), name=path[-1], parent_id=found.get(path[:-1])
        )
        found[path] = department.pk
    return found


def get_job_roles(*, names: set[str]) -> dict[str, int]:
    """Ids of job roles by name; missing ones are made."""
    found = dict(JobRole.objects.filter(name__in=names).values_list("name", "pk"))
    made = JobRole.objects.bulk_create(JobRole(name=name) for name in sorted(names - found.keys()))
    return found | {role.name: role.pk for role in made}
