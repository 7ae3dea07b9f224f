"""A new API key, who is told of one, and its replacement."""

from datetime import timedelta
from typing import Any

from django import forms

from organizations.calculations.keys import LONGEST_OVERLAP, LONGEST_SILENCE_DAYS
from organizations.calculations.roles import Scope
from organizations.models import ApiKey, User
from organizations.reports import offers
from organizations.reports.keys import SCOPE_WORDS, owners

FIRST_SCOPES = (Scope.INGEST_USAGE, Scope.INGEST_INITIATIVES)
LIVES = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "365 days"))


def _first_scopes() -> list[str]:
    """Usage; and initiatives as long as there is none that usage could name."""
    scopes = [Scope.INGEST_USAGE] if offers.initiatives() else [*FIRST_SCOPES]
    return [scope.value for scope in scopes]


def _owner() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        label="Who is told",
        queryset=User.objects.none(),
        required=False,
        to_field_name="public_id",
        empty_label="Whoever made it",
        help_text="Of failed imports, of silence, and before the key ends.",
    )


def _silence() -> forms.IntegerField:
    return forms.IntegerField(
        label="Silence is a fault after",
        required=False,
        min_value=1,
        max_value=LONGEST_SILENCE_DAYS,
        help_text="Days without a row that was taken. Empty: never.",
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )


class _ToldForm(forms.Form):
    """Owners are members of the organization in force."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner: Any = self.fields["owner"]
        owner.queryset = owners()
        owner.label_from_instance = lambda user: user.name


class KeyForm(_ToldForm):
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
    owner = _owner()
    stale_after_days = _silence()

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class ToldForm(_ToldForm):
    """Who is told of a key, and when silence is a fault."""

    owner = _owner()
    stale_after_days = _silence()

    @classmethod
    def of(cls, key: ApiKey, data: Any = None) -> "ToldForm":
        """The form with what is stored."""
        told = {
            "owner": key.owner.public_id if key.owner else None,
            "stale_after_days": key.stale_after_days,
        }
        return cls(data, initial=told)


class RotateForm(forms.Form):
    """How long the old key works on."""

    days = forms.IntegerField(
        label="The old key works on for",
        min_value=0,
        max_value=LONGEST_OVERLAP.days,
        initial=7,
        help_text="Days, 0 to 30. 0 ends it at once.",
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )

    @property
    def overlap(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
