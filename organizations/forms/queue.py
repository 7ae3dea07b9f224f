"""What members say about an item of their queue, and about an act of two people."""

from typing import Any

from django import forms
from django.http import QueryDict

from organizations.forms.members import UserChoice
from organizations.forms.telling import member_of
from organizations.reports.queue import Only


class DelegateForm(forms.Form):
    """Who does it instead."""

    to = UserChoice(label="Who does it", empty_label="Choose a member")

    def __init__(self, *args: Any, choices: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["to"].queryset = choices  # type: ignore[attr-defined]


class CloseForm(forms.Form):
    """Why it is closed without being done."""

    reason = forms.CharField(label="Why", max_length=200)


class SignForm(forms.Form):
    """A remark of who signs."""

    answer = forms.CharField(
        label="Remark", required=False, max_length=1000, widget=forms.Textarea({"rows": 2})
    )


class DeclineForm(forms.Form):
    """Why not."""

    answer = forms.CharField(label="Why not", max_length=1000, widget=forms.Textarea({"rows": 2}))


def queue_filter(query: QueryDict) -> Only | None:
    """What an address asks of the queue; a value it does not know asks for all that waits."""
    return member_of(Only, query.get("only", ""))
