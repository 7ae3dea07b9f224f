"""Shapes of what people type into the pages of the portfolio."""

from enum import StrEnum
from typing import Any, TypeVar

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.text import slugify

from organizations.errors import LastMileError
from organizations.models import Department, JobRole, Person
from organizations.reports.people import find_person
from portfolio.calculations.similarity import Similar
from portfolio.calculations.stages import Origin, Rule, Stage
from portfolio.calculations.statement import GOOD_OUTCOME, vague_outcome
from portfolio.models import Initiative
from portfolio.reports.register import RegisterFilter, Sort, similar_initiatives
from portfolio.sources.register import RESERVED_KEYS, valid_key

E = TypeVar("E", bound=StrEnum)
ORIGIN_WORDS = {
    Origin.CENTRAL: "The central team",
    Origin.BUSINESS: "The business",
    Origin.VENDOR: "A vendor",
}
SEATS = (("", "Not said"), ("yes", "A seat was given"), ("no", "No seat was given"))


def tell(form: forms.Form, refusal: LastMileError) -> None:
    """Put a refusal of an action beside the field it is about, or above the form."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, f"{refusal.message} {refusal.remedy}".strip())


def register_filter(query: QueryDict) -> RegisterFilter:
    """What an address asks of the register; values it does not know are left out."""
    sort = query.get("sort", "")
    return RegisterFilter(
        text=query.get("q", "").strip()[:160],
        stage=_member(Stage, query.get("stage", "")),
        sort=sort if _member(Sort, sort.removeprefix("-")) else Sort.NAME,
    )


def asked_rule(query: QueryDict) -> Rule:
    """Whom the address wants to write a rule for; a department unless it says otherwise."""
    return _member(Rule, query.get("rule", "")) or Rule.DEPARTMENT


def _member(kind: type[E], text: str) -> E | None:
    return next((member for member in kind if member.value == text), None)


class DayInput(forms.DateInput):
    """A date as browsers ask for it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PersonField(forms.CharField):
    """Somebody of the directory, by exactly their address or directory id."""

    def __init__(self, **more: Any) -> None:
        widget = forms.TextInput({"autocomplete": "off", "spellcheck": "false"})
        super().__init__(max_length=254, widget=widget, **more)

    def clean(self, value: Any) -> Person | None:
        text = super().clean(value)
        if not text:
            return None
        person = find_person(text=text)
        if person is None:
            raise forms.ValidationError(
                "Nobody in the directory has exactly this address. Import people first."
            )
        return person


class DepartmentField(forms.ModelChoiceField):
    """A department by its path. Its choices are read when the form is made, inside the scope."""

    def __init__(self, **more: Any) -> None:
        super().__init__(queryset=None, to_field_name="key", **more)


class InitiativeForm(forms.Form):
    """What an initiative says of itself: first the problem, then who, then what it costs."""

    name = forms.CharField(
        label="Name", max_length=160, help_text="What people call it, such as Support replies."
    )
    outcome = forms.CharField(
        label="Outcome",
        max_length=400,
        widget=forms.Textarea({"rows": 2}),
        help_text=f"What will be different for whom, and by how much, such as: {GOOD_OUTCOME}.",
    )
    metric = forms.CharField(
        label="Metric",
        max_length=200,
        help_text="The one number that would show it, such as Median hours to answer.",
    )
    baseline = forms.CharField(
        label="Baseline", max_length=80, help_text="Where that number stands today, with its unit."
    )
    target = forms.CharField(
        label="Target", max_length=80, help_text="Where it should stand, in the same unit."
    )
    target_date = forms.DateField(label="By when", widget=DayInput())
    department = DepartmentField(
        label="Department", required=False, empty_label="Not said", help_text="Whose problem it is."
    )
    owner = PersonField(
        label="Owner", required=False, help_text="Email of the person who answers for it."
    )
    sponsor = PersonField(
        label="Sponsor", required=False, help_text="Email of the person who pays for it."
    )
    champion = PersonField(
        label="Champion", required=False, help_text="Email of the person who brings it to people."
    )
    stage = forms.ChoiceField(
        label="Stage",
        choices=[(stage.value, stage.value.capitalize()) for stage in Stage],
        initial=Stage.PROPOSED.value,
    )
    started_on = forms.DateField(
        label="First day in use", required=False, widget=DayInput(), help_text="Day one of a pilot."
    )
    monthly_budget = forms.DecimalField(
        label="Budget a month",
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        help_text="Licences, running cost and people's time, as budgeted.",
    )
    currency = forms.CharField(
        label="Currency",
        required=False,
        max_length=3,
        help_text="Three letters, such as EUR.",
        validators=[RegexValidator(r"^[A-Za-z]{3}$", "Write three letters, such as EUR.")],
    )
    fte = forms.DecimalField(
        label="People on it",
        required=False,
        min_value=0,
        max_digits=6,
        decimal_places=2,
        help_text="Full-time equivalents, such as 1.5.",
    )
    promised_hours_per_year = forms.DecimalField(
        label="Hours promised a year",
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=1,
        help_text="Hours it shall give back, all people together.",
    )
    origin = forms.ChoiceField(
        label="Who had the idea",
        required=False,
        choices=[("", "Not said"), *((o.value, words) for o, words in ORIGIN_WORDS.items())],
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency
        self.fields["currency"].initial = currency
        self.fields["department"].queryset = Department.objects.order_by("key")  # type: ignore[attr-defined]

    def clean_outcome(self) -> str:
        outcome: str = self.cleaned_data["outcome"]
        if vague_outcome(outcome):
            raise forms.ValidationError(
                "Somebody should be able to see that it has happened: say what will be different, "
                f"and by how much. A good one: {GOOD_OUTCOME}."
            )
        return outcome

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def values(self) -> dict[str, Any]:
        """The fields as InitiativeValues names them, without the key."""
        values = dict(self.cleaned_data)
        for name in ("owner", "sponsor", "champion", "department"):
            chosen = values.pop(name)
            values[f"{name}_id"] = chosen.pk if chosen else None
        values["stage"] = Stage(values["stage"])
        values["origin"] = Origin(values["origin"]) if values["origin"] else None
        if values["monthly_budget"] is None:
            values["currency"] = ""
        elif not values["currency"]:
            values["currency"] = self._currency
        return values


class NewInitiativeForm(InitiativeForm):
    """A new initiative. Similar ones are shown first: join one, or say why another is needed."""

    key = forms.CharField(
        label="Key",
        required=False,
        max_length=80,
        help_text="What integrations call it. Made from the name if left empty; it stays for good.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    needed = forms.BooleanField(label="None of these is what I mean", required=False)
    reason = forms.CharField(
        label="Why another one is needed", required=False, max_length=400, min_length=10
    )

    similar: list[Similar] = []

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        self._clean_key(values)
        self.similar = similar_initiatives(name=values.get("name", ""))
        if self.similar and not values.get("needed"):
            self.add_error("needed", "Look at these first. Tick this if none of them is it.")
        elif self.similar and not values.get("reason") and "reason" not in self.errors:
            self.add_error("reason", "Say why joining one of these is not enough.")
        return values

    def _clean_key(self, values: dict[str, Any]) -> None:
        values["key"] = values.get("key") or slugify(values.get("name", ""))[:80].strip("-_")
        if values["key"] in RESERVED_KEYS:
            self.add_error("key", "This word is taken by a page. Choose another one.")
        elif not valid_key(values["key"]) and "name" not in self.errors:
            self.add_error("key", "Lower-case letters, digits and single hyphens: support-replies.")

    def values(self) -> dict[str, Any]:
        values = super().values()
        return {name: values[name] for name in values if name not in ("needed", "reason")}


def initiative_initial(initiative: Initiative) -> dict[str, Any]:
    """What the form of an existing initiative shows at first."""
    own = (
        *("name", "outcome", "metric", "baseline", "target", "target_date", "stage"),
        *("started_on", "monthly_budget", "fte", "promised_hours_per_year", "origin"),
    )
    people = ("owner", "sponsor", "champion")
    initial = {name: getattr(initiative, name) for name in own}
    initial |= {name: getattr(getattr(initiative, name), "email", "") for name in people}
    initial["department"] = initiative.department.key if initiative.department else None
    if initiative.currency:
        initial["currency"] = initiative.currency
    return initial


class StageForm(forms.Form):
    stage = forms.TypedChoiceField(
        label="Stage",
        coerce=Stage,
        choices=[(stage.value, stage.value.capitalize()) for stage in Stage],
    )


class RuleForm(forms.Form):
    """Who may use an initiative from when to when. Only the field its rule needs is there."""

    department = DepartmentField(
        label="Department",
        empty_label="Choose one",
        help_text="Everybody in it and in what is below it, as people come and go.",
    )
    job_role: "forms.ModelChoiceField[JobRole]" = forms.ModelChoiceField(
        label="Job role",
        queryset=None,
        empty_label="Choose one",
        help_text="Everybody with this job role, as people come and go.",
    )
    person = PersonField(label="Person", help_text="Email as the directory has it.")
    first = forms.DateField(label="From", widget=DayInput(), help_text="First day of access.")
    last = forms.DateField(
        label="Through",
        required=False,
        widget=DayInput(),
        help_text="Last day of access. Leave it empty while there is no end.",
    )
    seat = forms.ChoiceField(
        label="Seat", required=False, choices=SEATS, help_text="Whether a licence was handed out."
    )

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for other in (Rule.DEPARTMENT, Rule.JOB_ROLE, Rule.PERSON):
            if other is not rule:
                del self.fields[other.value]
        if rule is Rule.DEPARTMENT:
            self.fields["department"].queryset = Department.objects.order_by("key")  # type: ignore[attr-defined]
        if rule is Rule.JOB_ROLE:
            self.fields["job_role"].queryset = JobRole.objects.order_by("name")  # type: ignore[attr-defined]

    def clean_seat(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["seat"])


class EndForm(forms.Form):
    last_day = forms.DateField(label="Last day", widget=DayInput())
