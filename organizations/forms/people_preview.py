"""What a member says to one row of the preview of a people file."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from django import forms

from organizations.calculations.preview import Choices, Problem
from organizations.models import BatchChange, Department, Person


class Act(StrEnum):
    LEAVE_OUT = "leave_out"
    PUT_BACK = "put_back"
    SETTLE = "settle"


class RowForm(forms.Form):
    """Leave one row out, put it back, or settle its conflict by one of its choices."""

    act = forms.TypedChoiceField(coerce=Act, choices=[(act.value, act.value) for act in Act])
    choice = forms.ChoiceField(required=False)

    def __init__(self, *args: object, choices: Sequence[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["choice"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> None:
        if self.cleaned_data.get("act") is Act.SETTLE and not self.cleaned_data.get("choice"):
            self.add_error("choice", "Choose one of the list first.")


class AbsentForm(forms.Form):
    """Whether whoever is not in the file ends."""

    end = forms.BooleanField(required=False)


def settled(choices: Choices, *, row: BatchChange, value: str) -> Choices:
    """Choices after one conflict was settled; a department is settled for all rows that name it."""
    line = int(row.line or 0)
    if row.problem == Problem.CONFLICTING_ROWS:
        return replace(choices, used=choices.used | {line})
    if row.problem == Problem.UNKNOWN_DEPARTMENT:
        return replace(
            choices,
            departments={
                **choices.departments,
                (row.after or {})["row"]["path"]: _department(value),
            },
        )
    return replace(choices, people={**choices.people, line: _person(value)})


def _department(value: str) -> int | None:
    if value == "make":
        return None
    return int(Department.objects.values_list("pk", flat=True).get(public_id=value))


def _person(value: str) -> int | None:
    if value == "new":
        return None
    return int(Person.objects.values_list("pk", flat=True).get(public_id=value))
