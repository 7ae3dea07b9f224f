"""A note: its day and its words."""

from django import forms


class NoteForm(forms.Form):
    """What happened on a day."""

    day = forms.DateField(label="Day", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    text = forms.CharField(label="Note", max_length=1000, widget=forms.Textarea({"rows": 2}))
