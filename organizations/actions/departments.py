"""Rename a department or hang it under another one. People and their history follow by id."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from organizations.actions.places import PATH
from organizations.actions.rows import hold_directory
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.dirty import ask_refresh, mark_span
from organizations.errors import Conflict, LastMileError
from organizations.models import Department, PersonDepartment
from organizations.registry import directory_changed
from organizations.sources.directory import LONGEST_PATH


class DepartmentExists(Conflict):
    code = "department_exists"


class DepartmentCycle(LastMileError):
    code = "department_cycle"


class PathTooLong(LastMileError):
    code = "too_long"


def change_department(
    *, department: Department, name: str, parent: Department | None, actor: Actor, now: datetime
) -> bool:
    """Give a department this name and this place, for all time. False where it has both.

    Everything below moves with it. Raises DepartmentCycle, DepartmentExists, PathTooLong.
    """
    with transaction.atomic():
        organization = hold_directory(organization_id=department.organization_id)
        stored = Department.objects.get(pk=department.pk)
        moves = stored.parent_id != (parent.pk if parent else None)
        if not moves and stored.name == name:
            return False
        below = _with_those_below(stored)
        if parent is not None and parent.pk in {one.pk for one in below}:
            raise DepartmentCycle(
                "A department cannot stand below itself.",
                field="parent",
                remedy="Choose one that is not below it.",
            )
        _rename(below, stored, name, parent)
        if moves:
            _count_again(organization.pk, below, now)
        record(
            organization_id=organization.pk,
            actor=actor,
            action="department.changed",
            object_kind="department",
            object_id=stored.public_id,
            changes={"moved": moves, "renamed": stored.name != name, "below": len(below) - 1},
            now=now,
        )
    return True


def _with_those_below(department: Department) -> list[Department]:
    below = Q(pk=department.pk) | Q(key__startswith=f"{department.key}{PATH}")
    return list(Department.objects.filter(below).order_by("key"))


def _rename(
    below: list[Department], stored: Department, name: str, parent: Department | None
) -> None:
    """Write the paths of a department and of everything below it."""
    key = f"{parent.key}{PATH}{name}" if parent else name
    paths = {one.pk: key + one.key[len(stored.key) :] for one in below}
    if max(map(len, paths.values())) > LONGEST_PATH:
        raise PathTooLong(
            f"The path of a department may have {LONGEST_PATH} characters.", field="name"
        )
    others = Department.objects.exclude(pk__in=paths)
    if others.filter(key__in=paths.values()).exists():
        raise DepartmentExists(
            "There is a department of this name in that place.",
            field="name",
            remedy="Choose another name or place.",
        )
    for one in below:
        one.key = paths[one.pk]
        if one.pk == stored.pk:
            one.name, one.parent = name, parent
    Department.objects.bulk_update(below, ["key", "name", "parent"])


def _count_again(organization_id: int, below: list[Department], now: datetime) -> None:
    """Figures of the departments above change for all time; access by department may as well."""
    held = PersonDepartment.objects.filter(department__in=below)
    person_ids = sorted(set(held.values_list("person_id", flat=True)))
    mark_span(organization_id=organization_id, person_ids=person_ids, groups=True)
    for callback in directory_changed:
        callback(organization_id=organization_id, person_ids=person_ids)
    ask_refresh(organization_id=organization_id, now=now)
