"""Changes of one person by hand, and of one department."""

from datetime import date
from enum import StrEnum
from typing import Any

from django import forms

from organizations.models import Department
from organizations.sources.directory import ALIAS_KINDS, LONGEST_DEPARTMENT, read_alias
from organizations.sources.reading import ReadError


class Change(StrEnum):
    MOVE = "move"
    LEAVE = "leave"
    END = "end"
    ALIAS = "alias"


class DayInput(forms.DateInput):
    """A date as browsers ask for it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DepartmentField(forms.ModelChoiceField):
    """A department by its path. Its choices are read when the form is made, inside the scope."""

    def __init__(self, **more: Any) -> None:
        super().__init__(queryset=None, to_field_name="public_id", **more)


class _Days(forms.Form):
    """A first and an optional last day, in their order."""

    def clean(self) -> None:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("last", "It lies before the first day.")


class MoveForm(_Days):
    """Where somebody works from a day on, or worked on exactly these days."""

    prefix = Change.MOVE.value
    department = DepartmentField(label="Department", empty_label="Choose a department")
    first = forms.DateField(label="From", widget=DayInput())
    last = forms.DateField(
        label="To",
        required=False,
        widget=DayInput(),
        help_text="Only for a correction of past days. Without it the move holds from then on.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.order_by("key")  # type: ignore[attr-defined]


class LeaveForm(_Days):
    """When somebody is away. Why is not asked."""

    prefix = Change.LEAVE.value
    first = forms.DateField(label="First day away", widget=DayInput())
    last = forms.DateField(label="Last day away", required=False, widget=DayInput())


class ClearLeaveForm(forms.Form):
    """Which leave was never taken, by its first day."""

    first = forms.DateField(required=False)


class EndForm(forms.Form):
    """The last day that somebody is employed."""

    prefix = Change.END.value
    last = forms.DateField(
        label="Last day",
        widget=DayInput(),
        help_text="What they did until then still counts. Nobody is deleted.",
    )


class AliasForm(forms.Form):
    """Another name by which a tool knows somebody."""

    prefix = Change.ALIAS.value
    kind = forms.ChoiceField(
        label="Kind", choices=[(kind, kind) for kind in sorted(ALIAS_KINDS)], initial="login"
    )
    value = forms.CharField(
        label="Name",
        max_length=254,
        help_text="Exactly as the tool writes it.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> None:
        kind, value = self.cleaned_data.get("kind"), self.cleaned_data.get("value")
        if not kind or not value:
            return
        try:
            self.cleaned_data["alias"] = read_alias(f"{kind}:{value}")
        except ReadError as fault:
            self.add_error("value", fault.message)


class DepartmentForm(forms.Form):
    """Name and place of a department."""

    name = forms.CharField(label="Name", max_length=LONGEST_DEPARTMENT)
    parent = DepartmentField(label="Stands below", required=False, empty_label="At the top")

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Department.objects.exclude(pk=department.pk).order_by("key")
        self.fields["parent"].queryset = others  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "/" in name:
            raise forms.ValidationError("A name has no slash: it parts the path.")
        return name


FORMS: dict[Change, type[forms.Form]] = {
    Change.MOVE: MoveForm,
    Change.LEAVE: LeaveForm,
    Change.END: EndForm,
    Change.ALIAS: AliasForm,
}
