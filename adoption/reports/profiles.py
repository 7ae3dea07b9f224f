"""Saved profiles as pages list them, with how often each was used."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from adoption.models import PROFILE, MappingProfile
from organizations.errors import NotFound
from organizations.models import ImportBatch


@dataclass(frozen=True, kw_only=True)
class ProfileLine:
    """A profile in one version. batches: read by any version of it."""

    profile: MappingProfile
    batches: int

    @property
    def archived(self) -> bool:
        return self.profile.archived_at is not None


@dataclass(frozen=True, kw_only=True)
class ProfileReport:
    """One profile with all of its versions, the newest first."""

    line: ProfileLine
    versions: tuple[MappingProfile, ...]

    @property
    def next_version(self) -> int:
        return self.line.profile.version + 1


def profiles_report() -> tuple[ProfileLine, ...]:
    """Profiles of the organization in force, those in use first, by name."""
    batches = _batches()
    profiles = MappingProfile.objects.filter(latest=True).order_by("name")
    lines = [
        ProfileLine(profile=profile, batches=batches.get(profile.name, 0)) for profile in profiles
    ]
    return tuple(sorted(lines, key=lambda line: line.archived))


def profile_report(*, public_id: UUID) -> ProfileReport:
    """One profile in the version of the address. Raises NotFound."""
    profile = MappingProfile.objects.filter(public_id=public_id).first()
    if profile is None:
        raise NotFound("There is no profile of this address here.")
    versions = MappingProfile.objects.filter(name=profile.name).select_related("created_by")
    return ProfileReport(
        line=ProfileLine(profile=profile, batches=_batches().get(profile.name, 0)),
        versions=tuple(versions.order_by("-version")),
    )


def _batches() -> dict[str, int]:
    read = ImportBatch.objects.filter(options__has_key=PROFILE).order_by()
    counted = read.values(f"options__{PROFILE}").annotate(batches=Count("pk"))
    return {row[f"options__{PROFILE}"]: row["batches"] for row in counted}
