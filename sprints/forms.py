"""Shapes of what people type into the pages of the sprint."""

from datetime import date

from django import forms
from django.http import QueryDict

from organizations.errors import LastMileError, NotFound
from sprints.calculations.calendar import SPRINT_DAYS

LONGEST_NAME = 80


def tell(form: forms.Form, refusal: LastMileError) -> None:
    """Put a refusal of an action beside the field it is about, or above the form."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, f"{refusal.message} {refusal.remedy}".strip())


def asked_day(query: QueryDict, *, today: date) -> date:
    """The day an address asks for; today unless it says otherwise. Raises NotFound."""
    text = query.get("day", "")
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError as fault:
        raise NotFound("There is no such day.", remedy="Write it as 2026-11-25.") from fault
    if day > today:
        raise NotFound("That day lies ahead; nothing is known of it.", remedy="Choose a past day.")
    return day


class DayInput(forms.DateInput):
    """A date as browsers ask for it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class SprintForm(forms.Form):
    """Ninety days from a day on."""

    name = forms.CharField(
        label="Name", max_length=LONGEST_NAME, help_text="What people call it, such as Q4 sprint."
    )
    starts_on = forms.DateField(
        label="First day",
        widget=DayInput(),
        help_text=(
            f"Day 1 of {SPRINT_DAYS}. A Monday keeps its weeks whole. "
            "A day in the past is fine where the programme began before its software."
        ),
    )
