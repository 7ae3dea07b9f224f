"""Which people of the directory the portfolio names by hand."""

from collections.abc import Collection

from django.db.models import Q

from portfolio.models import EligibilityRule, Initiative


def named_people(*, person_ids: Collection[int]) -> set[int]:
    """Those of these people whom a rule or an initiative names; they must not be deleted."""
    rules = EligibilityRule.objects.filter(person_id__in=person_ids)
    held = Initiative.objects.filter(
        Q(owner_id__in=person_ids) | Q(sponsor_id__in=person_ids) | Q(champion_id__in=person_ids)
    )
    holders = held.values_list("owner_id", "sponsor_id", "champion_id")
    named = {pk for row in holders for pk in row} | set(rules.values_list("person_id", flat=True))
    return {pk for pk in person_ids if pk in named}
