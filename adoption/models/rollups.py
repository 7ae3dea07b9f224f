"""What is computed from facts. Every row can be thrown away and comes back the same.

`initiative_id` 0 means any initiative, `person_id` and `group_id` are plain numbers: rollups are
leaves and hold no foreign keys.
"""

from django.db import models

from adoption.calculations.weeks import DEFINITION_VERSION
from organizations.models import TenantModel


class Rollup(TenantModel):
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class AdoptionState(models.Model):
    """How far an organization's adoption figures have been computed, and from what."""

    organization = models.OneToOneField(
        "organizations.Organization", models.CASCADE, primary_key=True, related_name="+"
    )
    base_week = models.DateField(help_text="Monday of bit 0 of every mask")
    last_week = models.DateField(null=True, help_text="Monday of the last computed week")
    data_through = models.DateField(null=True, help_text="last day any source has spoken of")
    batch_number = models.PositiveIntegerField(null=True, help_text="newest batch it contains")
    computed_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0, help_text="grows with every change of a figure")
    definition_version = models.CharField(max_length=20, default=DEFINITION_VERSION)
    final_before = models.DateField(
        null=True,
        help_text="Monday; earlier group weeks stay as they are, what they count has expired",
    )

    def __str__(self) -> str:
        return f"{self.organization_id} v{self.version}"


class SourceWeek(Rollup):
    """Whether an initiative's sources spoke in a week. Weeks without data are nobody's fault."""

    pk = models.CompositePrimaryKey("organization_id", "week", "initiative_id")
    week = models.DateField()
    initiative_id = models.BigIntegerField()
    state = models.CharField(max_length=10, help_text="complete, partial or no_data")

    def __str__(self) -> str:
        return f"{self.week} {self.initiative_id} {self.state}"


class PersonWeek(Rollup):
    pk = models.CompositePrimaryKey("organization_id", "week", "person_id", "initiative_id")
    week = models.DateField()
    person_id = models.BigIntegerField()
    initiative_id = models.BigIntegerField()
    interactions = models.BigIntegerField(null=True)
    active_days = models.SmallIntegerField(null=True)
    used = models.BooleanField(help_text="at least one qualifying use")

    class Meta:
        indexes = [models.Index(fields=["organization", "person_id"], name="person_week_person")]

    def __str__(self) -> str:
        return f"{self.week} {self.person_id} {self.initiative_id}"


class WeekMask(Rollup):
    """63 weeks of one person and initiative, bit w = base week + w."""

    pk = models.CompositePrimaryKey("organization_id", "person_id", "initiative_id")
    person_id = models.BigIntegerField()
    initiative_id = models.BigIntegerField()
    eligible_mask = models.BigIntegerField(default=0)
    active_mask = models.BigIntegerField(default=0, help_text="used and eligible")
    outside_mask = models.BigIntegerField(default=0, help_text="used, not eligible")
    used_before = models.IntegerField(default=0, help_text="weeks with use before the base week")
    habit_before = models.BooleanField(default=False, help_text="3 of 4 weeks before the base week")

    def __str__(self) -> str:
        return f"{self.person_id} {self.initiative_id}"


class GroupCounts(Rollup):
    """Counts of one group, week and initiative."""

    pk = models.CompositePrimaryKey(
        "organization_id", "week", "dimension", "group_id", "initiative_id"
    )
    week = models.DateField()
    dimension = models.CharField(max_length=12)
    group_id = models.BigIntegerField(help_text="0: everybody, or no department")
    initiative_id = models.BigIntegerField()
    eligible = models.IntegerField(default=0)
    outside = models.IntegerField(default=0)
    active = models.IntegerField(default=0)
    elig4 = models.IntegerField(default=0)
    habitual = models.IntegerField(default=0)
    elig12 = models.IntegerField(default=0)
    established = models.IntegerField(default=0)
    state_new = models.IntegerField(default=0)
    state_habitual = models.IntegerField(default=0)
    state_occasional = models.IntegerField(default=0)
    state_lapsed = models.IntegerField(default=0)
    state_never = models.IntegerField(default=0)
    state_starting = models.IntegerField(default=0)
    state_other = models.IntegerField(default=0)
    tried_once = models.IntegerField(default=0)
    elig8 = models.IntegerField(default=0)
    flow_retained = models.IntegerField(default=0)
    flow_reactivated = models.IntegerField(default=0)
    flow_new = models.IntegerField(default=0)
    flow_stopped = models.IntegerField(default=0)
    flow_absent = models.IntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.week} {self.dimension} {self.group_id} {self.initiative_id}"


class GroupWeek(GroupCounts):
    """The counts before suppression. Never shown as they are."""

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "dimension", "group_id", "initiative_id", "week"],
                name="group_week_series",
            )
        ]


class KeptGroupWeek(GroupCounts):
    """What erased people add to published figures, summed over all of them; it names nobody.

    Whoever counts all masks again adds these counts, so that an erasure changes no figure that was
    shown before. Once a week is final they have served and are deleted.
    """
