"""What pages of the ground floor say of initiatives: a list to choose from, set-up steps."""

from django.db.models import Case, IntegerField, Value, When

from organizations.models import Organization
from organizations.reports.offers import (
    SetupStep,
    Upload,
    add_setup_step,
    add_upload,
    name_initiatives,
)
from portfolio.calculations.stages import DEPLOYED
from portfolio.models import EligibilityRule, Initiative
from ui.formats import integer


def choices() -> list[tuple[str, str]]:
    """Key and name of every initiative of the organization in force, deployed ones first."""
    order = Case(
        When(stage__in=[stage.value for stage in DEPLOYED], then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return list(Initiative.objects.order_by(order, "name", "pk").values_list("key", "name"))


def registered(organization: Organization) -> str:
    """How many initiatives there are; "" for none."""
    return _counted(Initiative.objects.count(), "initiative")


def opened(organization: Organization) -> str:
    """How many rules open initiatives to people; "" for none."""
    return _counted(EligibilityRule.objects.count(), "rule")


def _counted(number: int, noun: str) -> str:
    return f"{integer(number)} {noun}{'' if number == 1 else 's'}" if number else ""


def offer() -> None:
    """Register all of it; called once at start."""
    name_initiatives(choices)
    add_setup_step(
        SetupStep(
            key="initiatives",
            order=40,
            title="List your initiatives",
            hint="Add them one by one or upload a CSV. Scores come later.",
            button="Add initiatives",
            url_name="initiatives",
            said=registered,
        )
    )
    add_setup_step(
        SetupStep(
            key="eligibility",
            order=50,
            title="Say who is eligible",
            hint="The denominator of every rate: everybody, a department, a job role or a person.",
            button="Upload eligibility",
            url_name="eligibility_import",
            said=opened,
        )
    )
    add_upload(
        Upload(
            key="initiatives",
            order=30,
            label="initiatives",
            url_name="initiatives_import",
            action="edit_initiatives",
        )
    )
    add_upload(
        Upload(
            key="eligibility",
            order=40,
            label="eligibility",
            url_name="eligibility_import",
            action="import_eligibility",
        )
    )
