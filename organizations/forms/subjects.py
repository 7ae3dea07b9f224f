"""Who a subject is."""

from django import forms

from organizations.models import Person
from organizations.reports.people import find_person


class SubjectLinkForm(forms.Form):
    """Who a subject is. Nothing is guessed: one address or directory id, exactly."""

    person = forms.CharField(
        label="Email or directory id of the person",
        max_length=254,
        help_text="Exactly as the directory has it.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_person(self) -> Person:
        person = find_person(text=self.cleaned_data["person"])
        if person is None:
            raise forms.ValidationError(
                "Nobody in the directory has exactly this address or id. Check it under People."
            )
        return person
