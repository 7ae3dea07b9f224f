"""What an address asks of the list of mails."""

from django.http import QueryDict

from organizations.calculations.choices import MailState
from organizations.forms.telling import member_of
from organizations.reports.mail import MailFilter


def mail_filter(query: QueryDict) -> MailFilter:
    """The filter of an address; values it does not know are left out."""
    return MailFilter(
        state=member_of(MailState, query.get("state", "")), kind=query.get("kind", "")[:40]
    )
