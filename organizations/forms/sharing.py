"""What is shared, under which title, for how long."""

from django import forms

from organizations.calculations.sharing import LONGEST_DAYS, USUAL_DAYS


class ShareForm(forms.Form):
    """A new link."""

    title = forms.CharField(label="Title", max_length=120)
    days = forms.IntegerField(
        label="Days it lasts", min_value=1, max_value=LONGEST_DAYS, initial=USUAL_DAYS
    )
