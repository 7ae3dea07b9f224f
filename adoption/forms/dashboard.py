"""The filter of the adoption page."""

from django import forms

from adoption.reports.adoption import AdoptionReport


class AdoptionFilter(forms.Form):
    """What the page shows. Its values are taken from the report, which has checked the address."""

    def __init__(self, *, report: AdoptionReport, ranges: tuple[tuple[str, str], ...]) -> None:
        place, chosen = report.place, report.initiative
        initial = {
            "department": place.path if place else None,
            "initiative": chosen.key if chosen else "",
            "weeks": report.range.choice,
        }
        super().__init__(initial=initial)
        everybody = [("", "All departments")] if report.sees_everything else []
        departments = [(each.path, each.path) for each in report.departments]
        initiatives = [(each.key, each.name) for each in report.initiatives]
        self.fields["department"] = forms.ChoiceField(
            required=False, choices=[*everybody, *departments]
        )
        self.fields["initiative"] = forms.ChoiceField(
            required=False, choices=[("", "Any initiative"), *initiatives]
        )
        self.fields["weeks"] = forms.ChoiceField(required=False, choices=ranges)
