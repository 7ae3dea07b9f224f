"""What somebody types to propose an initiative, and what the lead answers."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from organizations.models import Department
from portfolio.calculations.proposals import ProposalState, ProposalValues
from portfolio.calculations.stages import Origin
from portfolio.calculations.statement import GOOD_OUTCOME, vague_outcome
from portfolio.forms.initiatives import ORIGIN_WORDS, DayInput, DepartmentField
from portfolio.models import Initiative, Proposal
from portfolio.reports.register import key_taken
from portfolio.sources.register import RESERVED_KEYS, valid_key


class ProposalForm(forms.Form):
    """A problem first, an outcome somebody could see, and only then a tool."""

    title = forms.CharField(
        label="In a few words", max_length=160, help_text="Such as Refund answers."
    )
    problem = forms.CharField(
        label="What is slow, wrong or missing today?",
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text="Who waits for what, how often, and what it costs them. Name nobody.",
    )
    outcome = forms.CharField(
        label="What will be different?",
        max_length=400,
        widget=forms.Textarea({"rows": 2}),
        help_text=f"For whom, and by how much, such as: {GOOD_OUTCOME}.",
    )
    metric = forms.CharField(
        label="The one number that would show it",
        max_length=200,
        help_text="Such as Median hours to answer.",
    )
    baseline = forms.CharField(label="Where it stands today", max_length=80)
    target = forms.CharField(label="Where it should stand", max_length=80)
    target_date = forms.DateField(label="By when", widget=DayInput())
    department = DepartmentField(
        label="Whose problem is it?", required=False, empty_label="Several, or none"
    )
    origin = forms.ChoiceField(
        label="Who had the idea?",
        choices=[(origin.value, words) for origin, words in ORIGIN_WORDS.items()],
        initial=Origin.BUSINESS.value,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.order_by("key")  # type: ignore[attr-defined]

    def clean_outcome(self) -> str:
        outcome: str = self.cleaned_data["outcome"]
        if vague_outcome(outcome):
            raise forms.ValidationError(
                "Somebody should be able to see that it has happened: say what will be different, "
                f"and by how much. A good one: {GOOD_OUTCOME}."
            )
        return outcome

    def values(self) -> ProposalValues:
        values = dict(self.cleaned_data)
        department = values.pop("department")
        origin = Origin(values.pop("origin"))
        return ProposalValues(
            **values, origin=origin, department_id=department.pk if department else None
        )


def proposal_initial(proposal: Proposal) -> dict[str, Any]:
    """What the form of an existing proposal shows at first."""
    own = ("title", "problem", "outcome", "metric", "baseline", "target", "target_date", "origin")
    department = proposal.department.key if proposal.department else None
    return {name: getattr(proposal, name) for name in own} | {"department": department}


class AcceptForm(forms.Form):
    """Register it under a key that integrations will use."""

    key = forms.CharField(
        label="Key of the initiative",
        max_length=80,
        help_text="What integrations call it; it stays for good.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    answer = forms.CharField(
        label="Words to the proposer",
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 2}),
    )

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        if key in RESERVED_KEYS or not valid_key(key):
            raise forms.ValidationError(
                "Lower-case letters, digits and single hyphens, such as refund-answers."
            )
        if key_taken(key=key):
            raise forms.ValidationError("Another initiative has this key. Choose another one.")
        return key


def key_for(title: str) -> str:
    """A key to begin with, made from the title."""
    return slugify(title)[:80].strip("-_")


class AnswerForm(forms.Form):
    answer = forms.CharField(label="Why", max_length=1000, widget=forms.Textarea({"rows": 2}))


class JoinForm(AnswerForm):
    """The initiative that solves it already."""

    initiative: "forms.ModelChoiceField[Initiative]" = forms.ModelChoiceField(
        label="Initiative", queryset=None, to_field_name="key", empty_label="Choose one"
    )
    field_order = ("initiative", "answer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["initiative"].queryset = Initiative.objects.order_by("name", "pk")  # type: ignore[attr-defined]


def asked_state(query: QueryDict) -> ProposalState | None:
    """The state an address asks for; values it does not know are left out."""
    text = query.get("state", "")
    return next((state for state in ProposalState if state.value == text), None)
