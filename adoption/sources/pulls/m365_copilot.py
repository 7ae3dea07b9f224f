"""Fetch Microsoft 365 Copilot usage by user from Microsoft Graph, as an application of the tenant.

The report answers with a redirect to a signed address; its host is looked at before it is asked.
"""

import json
import re

from adoption.sources.pulls.fetching import (
    REDIRECTS,
    Fetcher,
    Hosts,
    LinkExpired,
    PullError,
    whole,
)

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"
HOSTS = Hosts(names=("login.microsoftonline.com", "graph.microsoft.com", "reports*.office.com"))
TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{1,99}")
REPORT = (
    "/v1.0/copilot/reports/getMicrosoft365CopilotUsageUserDetail(period='D7',version='v2')"
    "?$format=text/csv"
)


def fetch(
    *,
    fetcher: Fetcher,
    tenant: str,
    client_id: str,
    client_secret: str,
    login: str = LOGIN,
    graph: str = GRAPH,
) -> bytes:
    """The report over seven days as CSV. A signed address that has expired is asked for once more.

    The application needs the permission Reports.Read.All. Raises `PullError`.
    """
    if not TENANT.fullmatch(tenant):
        raise PullError("Write the tenant as its id or as one of its domains.")
    token = _token(fetcher, f"{login}/{tenant}/oauth2/v2.0/token", client_id, client_secret, graph)
    for last in (False, True):
        answer = fetcher.ask(graph + REPORT, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code not in REDIRECTS:
            break
        try:
            answer = fetcher.ask(answer.headers.get("Location", ""))
            break
        except LinkExpired:
            if last:
                raise
    if answer.status_code != 200:
        raise PullError("Microsoft has no such report; check the licence and the permission.")
    return whole(answer)


def _token(fetcher: Fetcher, url: str, client_id: str, client_secret: str, graph: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
        "scope": f"{graph}/.default",
    }
    try:
        token = json.loads(whole(fetcher.ask(url, form=form)))["access_token"]
    except (ValueError, KeyError, TypeError):
        raise PullError("Microsoft gave no token for this application.") from None
    return str(token)
