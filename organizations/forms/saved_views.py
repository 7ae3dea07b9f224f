"""The name of a saved view, and what is saved."""

from django import forms


class NameForm(forms.Form):
    """Another name."""

    name = forms.CharField(label="Name", max_length=80)


class SaveForm(NameForm):
    """A name for the filters of a page."""

    page = forms.CharField(max_length=60, widget=forms.HiddenInput)
    query = forms.CharField(
        required=False, max_length=4000, widget=forms.HiddenInput, empty_value=""
    )
