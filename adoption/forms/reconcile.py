"""What to compare with the vendor's own number."""

from datetime import date
from typing import Any

from django import forms

from adoption.calculations.reconcile import BLOCK_WEEKS
from adoption.reports.reconcile import Asked, Choices
from ui.formats import long_date


class ReconcileForm(forms.Form):
    """The vendor's own number, and of what it is. Nothing of it is stored."""

    initiative = forms.ChoiceField(label="Initiative")
    source = forms.ChoiceField(label="Source")
    weeks = forms.ChoiceField(
        label="Four weeks", help_text="Set the vendor's page to the same days where it lets you."
    )
    total = forms.IntegerField(
        label="Active people by the vendor",
        min_value=0,
        max_value=10_000_000,
        help_text="The number its own page or report shows for these days.",
    )
    read = forms.CharField(
        label="Where it was read",
        required=False,
        max_length=200,
        help_text="A page or a report, for whoever gets this link.",
    )

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._set("initiative", choices.initiatives)
        self._set("source", [(name, name) for name in choices.sources])
        self._set("weeks", [(first.isoformat(), _words(first)) for first in choices.blocks])

    def _set(self, name: str, choices: Any) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def asked(self) -> Asked:
        """What a valid form asks for."""
        values = self.cleaned_data
        return Asked(
            initiative=values["initiative"],
            source=values["source"],
            first=date.fromisoformat(values["weeks"]),
            total=values["total"],
            read=values["read"],
        )


def _words(first: date) -> str:
    last = date.fromordinal(first.toordinal() + BLOCK_WEEKS * 7 - 1)
    return f"{long_date(first)} to {long_date(last)}"
