"""Who may come in and who stands in for whom: invitations, stand-ins, sign-on, signers."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.models import UniqueConstraint

from organizations.models.directory import Department
from organizations.models.tenant import Membership, Noun, TenantModel, User
from organizations.querysets import TenantForeignKey, no_overlap


class Invitation(Noun):
    """One address may become a member with these roles until a day. The link is shown by mail."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, blank=True)
    roles = ArrayField(models.CharField(max_length=20))
    membership_until = models.DateField(null=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(
                fields=["organization", "email"],
                name="open_invitation_once",
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class InvitationDepartment(TenantModel):
    """A department that an invited champion will own."""

    invitation = models.ForeignKey(
        Invitation, models.CASCADE, related_name="departments", db_constraint=False
    )
    department = models.ForeignKey(
        Department, models.CASCADE, related_name="+", db_constraint=False
    )

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["organization", "invitation", "department"],
                name="invitation_department_once",
            ),
            TenantForeignKey(field="invitation", to="organizations.Invitation"),
            TenantForeignKey(field="department", to="organizations.Department"),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.department_id}"


class StandIn(Noun):
    """While somebody is away another member finds their queue as well."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    delegate = models.ForeignKey(User, models.CASCADE, related_name="+")
    span = DateRangeField()

    class Meta:
        constraints = [*Noun.Meta.constraints, no_overlap("organization", "user")]

    def __str__(self) -> str:
        return f"{self.delegate_id} for {self.user_id} {self.span}"


class SignOn(Noun):
    """An OpenID Connect provider of the organization. The secret is sealed, never shown again."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True, help_text="part of the return address")
    issuer = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    sealed_secret = models.TextField()
    domains = ArrayField(models.CharField(max_length=253))
    enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Signer(TenantModel):
    """A member who signs one kind of act. Without any, everybody whose role allows it signs."""

    act = models.CharField(max_length=40)
    membership = models.ForeignKey(
        Membership, models.CASCADE, related_name="+", db_constraint=False
    )

    class Meta:
        constraints = [
            UniqueConstraint(fields=["organization", "act", "membership"], name="signer_once"),
            TenantForeignKey(field="membership", to="organizations.Membership"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.membership_id}"
