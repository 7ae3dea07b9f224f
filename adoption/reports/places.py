"""The one published hierarchy as pages name it, and the part of it that a member may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from adoption.calculations.suppression import EVERYBODY, NO_DEPARTMENT, Dimension
from organizations.errors import NotFound
from organizations.models import Department
from organizations.permissions import Member

Key: TypeAlias = tuple[Dimension, int]

ALL: Key = (Dimension.ALL, EVERYBODY)
WITHOUT: Key = (Dimension.DIRECT, NO_DEPARTMENT)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A group of the hierarchy: everybody, a department, or people directly in one.

    ``path`` is the department's key in addresses and files; None for a group without one.
    """

    key: Key
    name: str
    path: str | None = None

    @property
    def is_department(self) -> bool:
        return self.key[0] is Dimension.DEPARTMENT

    @property
    def is_everybody(self) -> bool:
        return self.key == ALL


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """All departments of an organization; ``parents`` by id, None on top."""

    organization: str
    names: dict[int, str]
    paths: dict[int, str]
    parents: dict[int, int | None]
    below: dict[int | None, tuple[int, ...]]

    def place(self, key: Key) -> Place:
        dimension, department = key
        if dimension is Dimension.ALL:
            return Place(key=key, name=self.organization)
        if key == WITHOUT:
            return Place(key=key, name="No department")
        if dimension is Dimension.DIRECT:
            name = f"Directly in {self.names[department]}"
            return Place(key=key, name=name, path=self.paths[department])
        return Place(key=key, name=self.names[department], path=self.paths[department])

    def children(self, key: Key) -> tuple[Place, ...]:
        """The parts a group is published in: departments by name, the unnamed rest at the end."""
        dimension, department = key
        if dimension is Dimension.DIRECT:
            return ()
        inner = self.below.get(None if dimension is Dimension.ALL else department, ())
        if not inner:
            return ()
        rest = WITHOUT if dimension is Dimension.ALL else (Dimension.DIRECT, department)
        keys: list[Key] = [(Dimension.DEPARTMENT, child) for child in inner]
        return tuple(self.place(each) for each in [*keys, rest])

    def everything(self, key: Key) -> Iterator[Place]:
        """The group and all groups published below it, parents first."""
        yield self.place(key)
        for child in self.children(key):
            yield from self.everything(child.key)

    def above(self, key: Key) -> tuple[Place, ...]:
        """The departments that hold this one, outermost first."""
        found: list[Place] = []
        department = self.parents.get(key[1]) if key[0] is Dimension.DEPARTMENT else None
        while department is not None:
            found.append(self.place((Dimension.DEPARTMENT, department)))
            department = self.parents[department]
        return tuple(reversed(found))

    def find(self, path: str) -> Key:
        """The department with this key. Raises NotFound."""
        for department, known in self.paths.items():
            if known == path:
                return (Dimension.DEPARTMENT, department)
        raise NotFound("There is no such department.")


@dataclass(frozen=True, kw_only=True)
class View:
    """What one member may look at: every group, or whole departments of their own."""

    hierarchy: Hierarchy
    own: tuple[Key, ...] | None

    @property
    def is_everything(self) -> bool:
        return self.own is None

    def start(self) -> Key | None:
        """The group shown when none is named; None for a member without a department."""
        if self.own is None:
            return ALL
        return self.own[0] if self.own else None

    def choices(self) -> tuple[Place, ...]:
        """Departments the member can choose, in the order of their paths."""
        tops = (ALL,) if self.own is None else self.own
        found = (place for top in tops for place in self.hierarchy.everything(top))
        return tuple(place for place in found if place.is_department)

    def choose(self, path: str | None) -> Key | None:
        """The group to show. Raises NotFound for what is not there or not theirs to see."""
        if path is None:
            return self.start()
        key = self.hierarchy.find(path)
        if not self.holds(key):
            raise NotFound("There is no such department.")
        return key

    def holds(self, key: Key) -> bool:
        if self.own is None:
            return True
        return key in self.own or any(place.key in self.own for place in self.hierarchy.above(key))

    def crumbs(self, key: Key) -> tuple[Place, ...]:
        """The way down to a group, as far as the member may see it."""
        above = tuple(place for place in self.hierarchy.above(key) if self.holds(place.key))
        start = () if self.own is not None or key == ALL else (self.hierarchy.place(ALL),)
        return start + above


def hierarchy_of(*, organization_name: str) -> Hierarchy:
    """The departments of the organization in force, in one query."""
    rows = list(
        Department.objects.order_by("key", "pk").values_list("pk", "name", "key", "parent_id")
    )
    below: dict[int | None, list[tuple[str, int]]] = {}
    for pk, name, _, parent in rows:
        below.setdefault(parent, []).append((name.casefold(), pk))
    return Hierarchy(
        organization=organization_name,
        names={pk: name for pk, name, _, _ in rows},
        paths={pk: path for pk, _, path, _ in rows},
        parents={pk: parent for pk, _, _, parent in rows},
        below={parent: tuple(pk for _, pk in sorted(inner)) for parent, inner in below.items()},
    )


def view_of(*, member: Member, hierarchy: Hierarchy) -> View:
    """Every group for those who see all departments, else the subtrees of their own."""
    if member.sees_all_departments:
        return View(hierarchy=hierarchy, own=None)
    mine: list[Key] = [
        (Dimension.DEPARTMENT, pk) for pk in hierarchy.paths if pk in member.department_ids
    ]
    tops = [key for key in mine if not any(place.key in mine for place in hierarchy.above(key))]
    return View(hierarchy=hierarchy, own=tuple(tops))
