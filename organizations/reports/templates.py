"""Files to fill in, one for each kind of import: a header and one example row.

Whoever reads a kind adds its template at start: `offers.add_template(…)`.
"""

from organizations.errors import NotFound
from organizations.reports.offers import ImportTemplate, templates

# Kinds whose columns are settled (they are public) and whose import is not in this version.
_LATER = (
    ImportTemplate(
        key="facts",
        order=40,
        label="Money facts",
        words="Value, avoidable and one-off cost per initiative and month",
        body=(
            "initiative,month,kind,amount,currency,low,high,grade,benefit,source,line_key\n"
            "support-replies,2026-10,value,18400.00,EUR,15000.00,21000.00,B,capacity,"
            "Finance close October,2026-10-support-value\n"
        ),
    ),
    ImportTemplate(
        key="handoffs",
        order=50,
        label="Hand-offs",
        words="Where a person decides about what an initiative made",
        body=(
            "key,initiative,name,decision,owner_email,next_action,monthly_volume,minutes,impact,"
            "irreversibility,ready_at,needed_at\n"
            "refund-review,support-replies,Refund review,Approve or refuse the refund,"
            "bo.chen@acme.test,Send the refund,1200,6,3,2,draft written,refund sent\n"
        ),
    ),
    ImportTemplate(
        key="metrics",
        order=60,
        label="Outcome metrics",
        words="The one number that shows the outcome, per period",
        body=(
            "metric,unit,period_start,period_end,value,n,arm,as_of\n"
            "median-hours-to-answer,hours,2026-10-01,2026-10-31,14.5,1180,,"
            "2026-11-02T08:00:00Z\n"
        ),
    ),
    ImportTemplate(
        key="fx",
        order=70,
        label="Exchange rates",
        words="Rates to the currency of the organization, per month",
        body="month,currency,rate\n2026-10,USD,0.92\n",
    ),
)


def import_templates() -> list[ImportTemplate]:
    """Templates of every floor in their order."""
    found = {one.key: one for one in _LATER} | {one.key: one for one in templates()}
    return sorted(found.values(), key=lambda one: (one.order, one.key))


def find_template(*, key: str) -> ImportTemplate:
    """The template of a kind. Raises NotFound."""
    found = next((one for one in import_templates() if one.key == key), None)
    if found is None:
        raise NotFound("There is no template of this name.")
    return found
