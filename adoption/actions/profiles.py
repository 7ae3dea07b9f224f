"""Save, change, archive and delete profiles: what was declared of the columns of a file."""

import re
from datetime import datetime

from django.db import IntegrityError, transaction

from adoption.models import PROFILE, MappingProfile
from adoption.sources.catalogue import SOURCES
from adoption.sources.mapper import NAME
from adoption.sources.mapping import ColumnMap, faults, mapping_of, stored
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.errors import Conflict, LastMileError, NotFound
from organizations.models import ImportBatch, User

MOST_PROFILES = 200
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?")
# Names of subjects' sources that rows in our own words take from nobody's key.
_TAKEN = frozenset({*SOURCES, "upload"})


class BadProfile(LastMileError):
    code = "bad_profile"


class UnknownProfile(LastMileError):
    """No saved profile of the organization has this name, or it is archived."""

    code = "unknown_profile"
    status = 400


class ProfileInUse(Conflict):
    code = "profile_in_use"


def profile_named(name: str) -> MappingProfile:
    """The newest version of a profile of the organization in force. Raises UnknownProfile."""
    found = MappingProfile.objects.filter(name=name, latest=True).first()
    if found is not None and found.archived_at is None:
        return found
    known = MappingProfile.objects.filter(latest=True, archived_at=None).order_by("name")
    names = ", ".join(known.values_list("name", flat=True)[:10])
    raise UnknownProfile(
        f"There is no profile {name[:40]}." if found is None else f"Profile {name} is archived.",
        field="profile",
        remedy=f"Name one of {names}." if names else "Save one first: Data, Upload, Map columns.",
    )


def check_current(*, profile: MappingProfile) -> None:
    """Raises Conflict where a later version exists, BadProfile for an archived one."""
    if not profile.latest:
        raise Conflict(
            "There is a later version of this profile.", remedy="Open that one and send the file."
        )
    if profile.archived_at is not None:
        raise BadProfile("This profile is archived.", remedy="Bring it back first.")


def checked_name(name: str) -> str:
    """A name that a profile may have. Raises BadProfile."""
    if not _NAME.fullmatch(name):
        raise BadProfile(
            "A name has up to 40 small letters, digits, _ and -, and begins and ends with a letter"
            " or digit.",
            field="name",
        )
    if name in _TAKEN:
        raise BadProfile(
            "A source of the product has this name; its people would be mixed with yours.",
            field="name",
            remedy="Choose another.",
        )
    return name


def check_mapping(mapping: ColumnMap) -> None:
    """Raises BadProfile for the first thing that is wrong with a mapping."""
    for name, sentence in faults(mapping):
        raise BadProfile(sentence, field=name)


@transaction.atomic
def save_profile(
    *,
    organization_id: int,
    name: str,
    mapping: ColumnMap,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> MappingProfile:
    """Keep a new profile as version 1. Raises BadProfile, Conflict for a name that is taken."""
    check_mapping(mapping)
    checked_name(name)
    if MappingProfile.objects.filter(latest=True).count() >= MOST_PROFILES:
        raise BadProfile(f"{MOST_PROFILES} profiles are kept already.", remedy="Delete one first.")
    try:
        with transaction.atomic():
            made = _store(organization_id, name, 1, mapping, user, now)
    except IntegrityError as taken:
        raise Conflict(
            "There is a profile of this name.", field="name", remedy="Choose another."
        ) from taken
    _record(made, "profile.saved", actor, now)
    return made


@transaction.atomic
def change_profile(
    *,
    profile: MappingProfile,
    mapping: ColumnMap,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> MappingProfile:
    """Keep a changed mapping as the next version; the same one changes nothing.

    Raises BadProfile, and Conflict when somebody else has changed it meanwhile.
    """
    check_mapping(mapping)
    locked = MappingProfile.objects.select_for_update().get(pk=profile.pk)
    check_current(profile=locked)
    if mapping_of(locked.mapping) == mapping:
        return locked
    MappingProfile.objects.filter(pk=locked.pk).update(latest=False)
    made = _store(locked.organization_id, locked.name, locked.version + 1, mapping, user, now)
    _record(made, "profile.changed", actor, now)
    return made


@transaction.atomic
def archive_profile(
    *, profile: MappingProfile, archived: bool, actor: Actor, now: datetime
) -> None:
    """Take a profile out of use, or bring it back; what it has read stays."""
    changed = MappingProfile.objects.filter(name=profile.name, archived_at__isnull=archived).update(
        archived_at=now if archived else None
    )
    if changed:
        _record(profile, "profile.archived" if archived else "profile.brought_back", actor, now)


@transaction.atomic
def delete_profile(*, profile: MappingProfile, actor: Actor, now: datetime) -> None:
    """Delete a profile that has read nothing, with its versions. Raises ProfileInUse."""
    versions = MappingProfile.objects.select_for_update().filter(name=profile.name)
    if not list(versions):
        raise NotFound("This profile is gone already.")
    if batches_of(profile.name):
        raise ProfileInUse(
            "Batches were read by this profile, and it says in which units.",
            remedy="Archive it instead.",
        )
    _record(profile, "profile.deleted", actor, now)
    MappingProfile.objects.filter(name=profile.name).delete()


def batches_of(name: str) -> int:
    """How many batches were read by a profile, in whatever version."""
    return ImportBatch.objects.filter(source=NAME, **{f"options__{PROFILE}": name}).count()


def _store(
    organization_id: int,
    name: str,
    version: int,
    mapping: ColumnMap,
    user: User | None,
    now: datetime,
) -> MappingProfile:
    return MappingProfile.objects.create(
        organization_id=organization_id,
        name=name,
        version=version,
        mapping=stored(mapping),
        created_by=user,
        created_at=now,
    )


def _record(profile: MappingProfile, action: str, actor: Actor, now: datetime) -> None:
    record(
        organization_id=profile.organization_id,
        actor=actor,
        action=action,
        object_kind="mapping_profile",
        object_id=profile.public_id,
        changes={"name": profile.name, "version": profile.version},
        now=now,
    )
