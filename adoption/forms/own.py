"""What people send about their own data."""

from django import forms

from organizations.calculations.choices import RequestKind


class ConsentForm(forms.Form):
    """May the champion see the name?"""

    given = forms.ChoiceField(choices=(("yes", "Yes"), ("no", "No")))


class OwnRequestForm(forms.Form):
    """What a person asks about the own data."""

    kind = forms.ChoiceField(
        choices=[(kind.value, kind.value) for kind in (RequestKind.ERASE, RequestKind.CORRECT)]
    )
    words = forms.CharField(max_length=1000, required=False)
