"""What waits for a person, and what needs two of them."""

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from organizations.calculations.choices import ApprovalState, ItemState
from organizations.models.tenant import Noun, TenantModel, User


class Approval(Noun):
    """An act that one person proposed and another one signs."""

    act = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    reason = models.CharField(max_length=1000, blank=True)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ApprovalState],
        default=ApprovalState.OPEN.value,
    )
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=1000, blank=True)
    single_signature = models.BooleanField(default=False)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "act", "object_kind", "object_id"],
                name="open_approval_once",
                condition=Q(state="open"),
            ),
            CheckConstraint(
                condition=(
                    ~Q(state="approved")
                    | ~Q(decided_by=F("proposed_by"))
                    | Q(single_signature=True)
                ),
                name="approval_by_somebody_else",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.state}"


class QueueItem(Noun):
    """Something waits for a person, or for whoever holds a role."""

    kind = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    detail = models.CharField(max_length=400, blank=True)
    url = models.CharField(max_length=300, blank=True, help_text="path of the page to do it on")
    addressee = models.CharField(max_length=40, help_text="user:7 or role:program_lead")
    owner = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    role = models.CharField(max_length=20, blank=True)
    delegate = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ItemState],
        default=ItemState.OPEN.value,
    )
    outcome = models.CharField(max_length=200, blank=True)
    done_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "kind", "object_kind", "object_id", "addressee"],
                name="open_item_once",
                condition=Q(state="open"),
            ),
            CheckConstraint(
                condition=Q(owner__isnull=False) | ~Q(role=""), name="item_waits_for_somebody"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "owner"], name="item_open", condition=Q(state="open")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_kind} {self.object_id}"


class DigestSent(TenantModel):
    """The digest of a day was written for a member: once, however often the worker comes by."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    day = models.DateField()
    items = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "user", "day"], name="digest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"
