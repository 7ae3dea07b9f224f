"""The organization, its members and their logins."""

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower, Now

from organizations.calculations.choices import ChampionSees, Digest, NumberFormat, Theme
from organizations.calculations.roles import LABELS, Role
from organizations.querysets import TenantForeignKey, TenantManager

SMALLEST_GROUP = 5


class Organization(models.Model):
    """The tenant."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    fiscal_start_month = models.PositiveSmallIntegerField(default=1)
    k_min = models.PositiveSmallIntegerField("smallest group shown", default=SMALLEST_GROUP)
    grace_days = models.PositiveSmallIntegerField(default=14)
    working_days = models.JSONField(default=list, help_text="ISO weekdays, Monday is 1")
    require_mfa = models.BooleanField("second factor for roles that decide", default=True)
    champion_sees = models.CharField(
        max_length=10,
        choices=[(c.value, c.value) for c in ChampionSees],
        default=ChampionSees.CONSENT.value,
    )
    usage_months = models.PositiveSmallIntegerField("person-level usage kept", default=13)
    originals_days = models.PositiveSmallIntegerField("import originals kept", default=90)
    survey_months = models.PositiveSmallIntegerField("survey answers kept", default=12)
    access_days = models.PositiveSmallIntegerField("sessions and sign-ins kept", default=30)
    trail_years = models.PositiveSmallIntegerField("audit trail kept", default=7)
    single_signature_until = models.DateField(null=True)
    closing_on = models.DateField(null=True, help_text="disabled; erased on this day")
    active = models.BooleanField(default=True)
    example = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(k_min__gte=SMALLEST_GROUP), name="organization_k_never_below_5"
            ),
            CheckConstraint(
                condition=Q(fiscal_start_month__range=(1, 12)), name="organization_fiscal_month"
            ),
            CheckConstraint(
                condition=Q(usage_months__range=(3, 25)), name="organization_usage_months"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def mark(self) -> str:
        """Two letters for the switcher."""
        words = self.name.split()
        return "".join(word[0] for word in words[:2]).upper() or "?"


class UserManager(BaseUserManager["User"]):
    def create_user(self, *, email: str, name: str, password: str | None, **more: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), name=name, **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A login. Belongs to nobody; memberships tie it to organizations."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=10, default="en-gb")
    time_zone = models.CharField(max_length=64, blank=True)
    number_format = models.CharField(
        max_length=20,
        choices=[(f.value, f.value) for f in NumberFormat],
        default=NumberFormat.COMMA_POINT.value,
    )
    theme = models.CharField(
        max_length=8, choices=[(t.value, t.value) for t in Theme], default=Theme.SYSTEM.value
    )
    digest = models.CharField(
        max_length=8, choices=[(d.value, d.value) for d in Digest], default=Digest.DAILY.value
    )
    first_signed_in_at = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        constraints = [UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:])[:2]).upper() or "?"


class TenantModel(models.Model):
    """Every table of an organization."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")

    objects = TenantManager()
    # The one explicit way around the scope; grep for it.
    unscoped = models.Manager()  # noqa: DJ012 - a manager, not a field

    class Meta:
        abstract = True


class Noun(TenantModel):
    """A thing others point at: it has an id, a random public id and (organization, id)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
        constraints = [UniqueConstraint(fields=["organization", "id"], name="%(class)s_tenant")]


class Membership(Noun):
    """A user's role in an organization."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(r.value, LABELS[r]) for r in Role])
    until = models.DateField(null=True, blank=True, help_text="last day; inclusive")
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(fields=["organization", "user", "role"], name="membership_role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class MembershipDepartment(TenantModel):
    """A department that a champion owns."""

    membership = models.ForeignKey(
        Membership, models.CASCADE, related_name="owned", db_constraint=False
    )
    department = models.ForeignKey(
        "organizations.Department", models.CASCADE, related_name="+", db_constraint=False
    )

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["organization", "membership", "department"], name="champion_department_once"
            ),
            TenantForeignKey(field="membership", to="organizations.Membership"),
            TenantForeignKey(field="department", to="organizations.Department"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.department_id}"
