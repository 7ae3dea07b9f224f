"""Roles of a member, invitations, hand-overs, stand-ins, and the view as another role."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import validate_email
from django.http import QueryDict

from organizations.calculations.members import addresses_in
from organizations.calculations.roles import LABELS, PRECEDENCE, Role
from organizations.forms.telling import member_of
from organizations.models import Department, User
from organizations.reports.invitations import InvitationState
from organizations.reports.members import ROLE_MEANS, MemberFilter, MemberState

ROLE_CHOICES = [(role.value, LABELS[role]) for role in PRECEDENCE]


def _departments() -> list[tuple[str, str]]:
    rows = Department.objects.order_by("key").values_list("public_id", "key")
    return [(str(public_id), key) for public_id, key in rows]


class RolesForm(forms.Form):
    """What somebody may do: roles, a champion's departments, the last day."""

    roles = forms.TypedMultipleChoiceField(
        label="Roles",
        coerce=Role,
        choices=ROLE_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one role."},
    )
    departments = forms.MultipleChoiceField(
        label="Departments of the champion",
        required=False,
        choices=_departments,
        widget=forms.CheckboxSelectMultiple,
    )
    until = forms.DateField(
        label="Last day",
        required=False,
        help_text="Access ends by itself after this day.",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    @property
    def role_rows(self) -> list[tuple[Any, str]]:
        """The tick boxes with what each role does."""
        means = {role.value: ROLE_MEANS[role] for role in Role}
        return [(box, means[str(box.data["value"])]) for box in self["roles"]]

    def chosen_departments(self) -> tuple[Department, ...]:
        """Only a champion has any; ids were checked against the choices."""
        if Role.CHAMPION not in self.cleaned_data["roles"]:
            return ()
        chosen = Department.objects.filter(public_id__in=self.cleaned_data["departments"])
        return tuple(chosen.order_by("key"))


class InviteForm(RolesForm):
    """Addresses, and what they all will be."""

    addresses = forms.CharField(
        label="Email addresses",
        help_text="One a line. Everybody here gets the same roles and a link of their own.",
        widget=forms.Textarea({"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("addresses", "roles", "departments", "until")

    def clean_addresses(self) -> tuple[str, ...]:
        addresses = addresses_in(self.cleaned_data["addresses"])
        if wrong := [address for address in addresses if not _is_address(address)]:
            raise forms.ValidationError(
                f"Not an email address: {', '.join(one[:60] for one in wrong[:5])}."
            )
        return addresses


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except forms.ValidationError:
        return False
    return len(text) <= 254


class AcceptForm(forms.Form):
    """The first login of an invited address."""

    name = forms.CharField(
        label="Your name", max_length=120, widget=forms.TextInput({"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=200,
        help_text="At least 12 characters. Any are allowed; a sentence is easy to keep.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class UserChoice(forms.ModelChoiceField):
    """One of the members offered, by public id."""

    def __init__(self, **more: Any) -> None:
        super().__init__(queryset=User.objects.none(), to_field_name="public_id", **more)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.email})"


def _offer(field: Any, choices: Any) -> None:
    field.queryset = choices


class HandOverForm(forms.Form):
    """One successor for everything, or another one for a kind of thing."""

    def __init__(self, *args: Any, held: Sequence[Any], choices: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.held = held
        if held:
            self.fields["to"] = UserChoice(
                label="Who takes over", required=True, empty_label="Choose a member"
            )
        for one in held if len(held) > 1 else ():
            self.fields[f"to_{one.kind}"] = UserChoice(
                label=one.label, required=False, empty_label="The same"
            )
        for field in self.fields.values():
            _offer(field, choices)

    def successors(self) -> Mapping[str, User]:
        values = self.cleaned_data
        return {one.kind: values.get(f"to_{one.kind}") or values["to"] for one in self.held}


class StandInForm(forms.Form):
    """Who stands in on which days."""

    delegate = UserChoice(label="Who stands in", empty_label="Choose a member")
    first = forms.DateField(
        label="First day away", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label="Last day away", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, choices: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _offer(self.fields["delegate"], choices)


class ViewAsForm(forms.Form):
    """The role to look at pages as."""

    role = forms.TypedChoiceField(coerce=Role, choices=ROLE_CHOICES)


def members_filter(query: QueryDict) -> MemberFilter:
    """What an address asks of the list of members; values it does not know are left out."""
    return MemberFilter(
        text=query.get("q", "").strip()[:200],
        role=member_of(Role, query.get("role", "")),
        state=member_of(MemberState, query.get("state", "")),
        factor_missing=query.get("factor") == "missing",
    )


def invitation_state(query: QueryDict) -> InvitationState | None:
    return member_of(InvitationState, query.get("state", ""))
