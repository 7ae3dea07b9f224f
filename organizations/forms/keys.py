"""A new API key."""

from datetime import timedelta

from django import forms

from organizations.calculations.roles import Scope
from organizations.reports import offers
from organizations.reports.keys import SCOPE_WORDS

FIRST_SCOPES = (Scope.INGEST_USAGE, Scope.INGEST_INITIATIVES)
LIVES = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "365 days"))


def _first_scopes() -> list[str]:
    """Usage; and initiatives as long as there is none that usage could name."""
    scopes = [Scope.INGEST_USAGE] if offers.initiatives() else [*FIRST_SCOPES]
    return [scope.value for scope in scopes]


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="What uses it, such as copilot-usage.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scopes = forms.TypedMultipleChoiceField(
        label="What it may do",
        coerce=Scope,
        choices=[(scope.value, SCOPE_WORDS[scope]) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        initial=_first_scopes,
        error_messages={"required": "Choose at least one thing the key may do."},
    )
    days = forms.TypedChoiceField(label="Ends after", coerce=int, choices=LIVES, initial=365)
    pinned_source = forms.ChoiceField(
        label="Only this source",
        required=False,
        choices=lambda: [("", "Any source"), *offers.sources()],
        help_text="Usage in another form is then refused.",
    )
    pinned_initiative = forms.ChoiceField(
        label="Only this initiative",
        required=False,
        choices=lambda: [("", "Any initiative"), *offers.initiatives()],
        help_text="Rows of another initiative are then refused.",
    )

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
