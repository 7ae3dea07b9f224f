"""What members keep: views, links for others, notes, holidays, files of everything."""

from django.db import models
from django.db.models import Q, UniqueConstraint

from organizations.models.tenant import Noun, TenantModel, User


class SavedView(Noun):
    """The address of a page with its filters, under a name."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    page = models.CharField(max_length=60, help_text="name of the address")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "user", "page", "name"], name="saved_view_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ShareLink(Noun):
    """One page of one organization for whoever has the link, read only, until a day."""

    token_hash = models.CharField(max_length=64, unique=True)
    page = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    title = models.CharField(max_length=120)
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    expires_on = models.DateField()
    revoked_at = models.DateTimeField(null=True)
    opened = models.PositiveIntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.title


class Note(Noun):
    """A dated remark on any object; charts show it on its day."""

    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    day = models.DateField()
    text = models.CharField(max_length=1000)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = Noun.Meta.constraints
        indexes = [
            models.Index(
                fields=["organization", "object_kind", "object_id", "day"], name="note_object"
            )
        ]

    def __str__(self) -> str:
        return f"{self.object_kind} {self.object_id} {self.day}"


class Holiday(TenantModel):
    """A day on which nobody is expected to work."""

    day = models.DateField()
    name = models.CharField(max_length=80)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "day"], name="holiday_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class ExportRun(Noun):
    """A file of the organization's data that a worker writes and a member fetches."""

    kind = models.CharField(max_length=20)
    asked_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="waiting")
    file = models.CharField(max_length=200, blank=True, help_text="below the data folder")
    bytes = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "asked_by"],
                name="one_running_export",
                condition=Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
