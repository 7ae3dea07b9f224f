"""The register of initiatives, and who may use them when."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from organizations.models import Department, JobRole, Noun, Person, TenantModel, User
from organizations.querysets import TenantForeignKey
from portfolio.calculations.proposals import WORDS, ProposalState
from portfolio.calculations.stages import DEPLOYED, Origin, Rule, Stage


class Initiative(Noun):
    """One AI effort that the organization pays for, from proposal to retirement."""

    key = models.SlugField(max_length=80)
    name = models.CharField(max_length=160)
    stage = models.CharField(max_length=10, choices=[(s.value, s.value.title()) for s in Stage])
    owner = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    sponsor = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    champion = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    outcome = models.CharField(max_length=400)
    metric = models.CharField(max_length=200)
    baseline = models.CharField(max_length=80)
    target = models.CharField(max_length=80)
    target_date = models.DateField()
    monthly_budget = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    fte = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    promised_hours_per_year = models.DecimalField(
        max_digits=10, decimal_places=1, null=True, blank=True
    )
    origin = models.CharField(
        max_length=10, choices=[(o.value, o.value.title()) for o in Origin], blank=True
    )
    started_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            UniqueConstraint(fields=["organization", "key"], name="initiative_key_once"),
            CheckConstraint(
                condition=Q(stage__in=[s.value for s in Stage]), name="initiative_stage_known"
            ),
            TenantForeignKey(field="owner", to="organizations.Person"),
            TenantForeignKey(field="sponsor", to="organizations.Person"),
            TenantForeignKey(field="champion", to="organizations.Person"),
            TenantForeignKey(field="department", to="organizations.Department"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def deployed(self) -> bool:
        return self.stage in DEPLOYED


class EligibilityRule(Noun):
    """Opens an initiative to all, a department subtree, a job role or one person, for a while."""

    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="rules", db_constraint=False
    )
    rule = models.CharField(max_length=12, choices=[(r.value, r.value) for r in Rule])
    department = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="+", db_constraint=False
    )
    job_role = models.ForeignKey(
        JobRole, models.CASCADE, null=True, blank=True, related_name="+", db_constraint=False
    )
    person = models.ForeignKey(
        Person, models.CASCADE, null=True, blank=True, related_name="+", db_constraint=False
    )
    span = DateRangeField()
    seat = models.BooleanField(null=True, help_text="a seat was given; null: not said")

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            CheckConstraint(
                name="rule_names_its_value",
                condition=Q(rule="all", department=None, job_role=None, person=None)
                | Q(rule="department", department__isnull=False, job_role=None, person=None)
                | Q(rule="job_role", department=None, job_role__isnull=False, person=None)
                | Q(rule="person", department=None, job_role=None, person__isnull=False),
            ),
            TenantForeignKey(field="initiative", to="portfolio.Initiative"),
            TenantForeignKey(field="department", to="organizations.Department"),
            TenantForeignKey(field="job_role", to="organizations.JobRole"),
            TenantForeignKey(field="person", to="organizations.Person"),
        ]

    def __str__(self) -> str:
        return f"{self.initiative_id} {self.rule} {self.span}"


class Eligibility(TenantModel):
    """Access of a person to an initiative as intervals, derived from the rules.

    Employment, leave and grace are applied on top when weeks are counted (METHODS 3.1).
    """

    initiative = models.ForeignKey(
        Initiative, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    person = models.ForeignKey(
        Person, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    span = DateRangeField()
    organization = models.ForeignKey(
        "organizations.Organization", models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            TenantForeignKey(field="initiative", to="portfolio.Initiative"),
            TenantForeignKey(field="person", to="organizations.Person"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "person", "initiative"], name="eligibility_person"
            ),
            models.Index(
                fields=["organization", "initiative", "person"], name="eligibility_initiative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.initiative_id} {self.span}"


class Proposal(Noun):
    """A problem that somebody wants solved; the program lead answers it."""

    title = models.CharField(max_length=160)
    problem = models.CharField(max_length=1000, help_text="what is slow, wrong or missing today")
    outcome = models.CharField(max_length=400)
    metric = models.CharField(max_length=200)
    baseline = models.CharField(max_length=80)
    target = models.CharField(max_length=80)
    target_date = models.DateField()
    origin = models.CharField(max_length=10, choices=[(o.value, o.value.title()) for o in Origin])
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, related_name="+", db_constraint=False
    )
    proposed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    proposed_at = models.DateTimeField()
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ProposalState],
        default=ProposalState.OPEN.value,
    )
    answer = models.CharField(max_length=1000, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    initiative = models.ForeignKey(
        Initiative, models.SET_NULL, null=True, related_name="proposals", db_constraint=False
    )

    class Meta:
        constraints = [
            *Noun.Meta.constraints,
            TenantForeignKey(field="department", to="organizations.Department"),
            TenantForeignKey(field="initiative", to="portfolio.Initiative"),
        ]
        indexes = [
            models.Index(fields=["organization", "state", "-proposed_at"], name="proposal_newest")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def said(self) -> str:
        """The state in words."""
        return WORDS[ProposalState(self.state)]
