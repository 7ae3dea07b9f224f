"""The rules of privacy, the text of the agreement, and requests about people's data."""

from django import forms

from organizations.calculations.agreement import HEADINGS, Rules, Section
from organizations.calculations.choices import ChampionSees, RequestKind
from organizations.models import Person
from organizations.models.tenant import SMALLEST_GROUP
from organizations.reports.requests import KINDS, find_person

CHAMPION_SEES = (
    (ChampionSees.CONSENT.value, "Only with the person's own yes"),
    (ChampionSees.INFORMED.value, "Always; people are told, and see each look"),
    (ChampionSees.NEVER.value, "Never"),
)


def _number(label: str, low: int, high: int, hint: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=low, max_value=high, help_text=hint)


class RulesForm(forms.Form):
    """Who sees how much, and for how long."""

    k_min = _number(
        "Smallest group shown",
        SMALLEST_GROUP,
        100,
        f"People in it, at least {SMALLEST_GROUP}. Works at once, on every page and file.",
    )
    champion_sees = forms.ChoiceField(
        label="When a champion sees a name", choices=CHAMPION_SEES, widget=forms.RadioSelect
    )
    usage_months = _number(
        "Usage of a person, months", 3, 25, "3 to 25. Shorter deletes the rest in the next nights."
    )
    originals_days = _number("Import originals, days", 7, 400, "Files and posts as they came.")
    survey_months = _number("Survey answers, months", 3, 36, "3 to 36.")
    access_days = _number("Sessions and sign-ins, days", 7, 400, "7 to 400.")
    trail_years = _number("Audit trail, years", 1, 15, "1 to 15. It names nobody's usage.")

    def rules(self) -> Rules:
        return Rules(**self.cleaned_data)


class AgreementForm(forms.Form):
    """One text for each section; a blank line begins a paragraph."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for section in Section:
            self.fields[section.value] = forms.CharField(
                label=HEADINGS[section],
                max_length=4000,
                required=section is not Section.COUNCIL,
                widget=forms.Textarea({"rows": 5}),
            )

    def body(self) -> dict[str, str]:
        return {
            section.value: self.cleaned_data[section.value].replace("\r\n", "\n")
            for section in Section
        }


class RequestForm(forms.Form):
    """A request that an administrator opens for somebody."""

    person = forms.CharField(
        label="Person",
        max_length=254,
        help_text="The address or the id in the directory, written in full.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label="What is asked",
        choices=[(kind.value, KINDS[kind]) for kind in RequestKind],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label="In the person's words",
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )

    def clean_person(self) -> Person:
        found = find_person(named=self.cleaned_data["person"])
        if found is None:
            raise forms.ValidationError(
                "No single person has this address or id. Copy it from the people list."
            )
        return found


class AnswerForm(forms.Form):
    """What the person reads."""

    answer = forms.CharField(label="Answer", max_length=1000, widget=forms.Textarea({"rows": 3}))
