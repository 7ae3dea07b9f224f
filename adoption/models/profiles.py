"""Saved profiles: what somebody declared of the columns of a file."""

from django.db import models
from django.db.models import Q, UniqueConstraint

from organizations.models import Noun, User

LONGEST_NAME = 40
# In the options of a batch: the profile that read it.
PROFILE, PROFILE_VERSION = "profile", "profile_version"


class MappingProfile(Noun):
    """One version of a profile; a change makes the next one, and what was stored stays.

    The name is the source of the subjects that it reads, so that ids of two tools never meet.
    """

    name = models.CharField(max_length=LONGEST_NAME)
    version = models.PositiveSmallIntegerField()
    mapping = models.JSONField(help_text="adoption.sources.mapping.ColumnMap")
    latest = models.BooleanField(default=True, help_text="no later version of the name exists")
    archived_at = models.DateTimeField(null=True, help_text="no longer offered; reads no new file")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "name", "version"], name="profile_version_once"
            ),
            UniqueConstraint(
                fields=["organization", "name"],
                name="profile_latest_once",
                condition=Q(latest=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"
