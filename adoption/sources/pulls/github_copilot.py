"""Fetch GitHub's users-1-day report: first the signed links of a day, then every file they name.

All files of a day or none: half a day would look like people who stopped.
"""

import json
import re
from datetime import date

from adoption.sources.pulls.fetching import Fetcher, Hosts, LinkExpired, PullError, whole

API = "https://api.github.com"
# Signed links: hosts of GitHub's allow-list of Copilot domains, as of February 2026.
HOSTS = Hosts(
    names=(
        "api.github.com",
        "copilot-reports.github.com",
        "copilot-reports-*.b01.azurefd.net",
        "usagereports*.blob.core.windows.net",
    )
)
ACCOUNT = re.compile(r"(?:orgs|enterprises)/[A-Za-z0-9](?:[A-Za-z0-9-]{0,98})")
VERSION = "2026-03-10"


def fetch(*, fetcher: Fetcher, token: str, account: str, day: date, api: str = API) -> bytes | None:
    """The report of a UTC day as NDJSON; None while GitHub has none.

    account: "orgs/acme" or "enterprises/acme". A link that has expired is asked for once more.
    Raises `PullError`.
    """
    if not ACCOUNT.fullmatch(account):
        raise PullError("Write the account as orgs/NAME or enterprises/NAME.")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": VERSION,
    }
    url = f"{api}/{account}/copilot/metrics/reports/users-1-day?day={day.isoformat()}"
    for last in (False, True):
        links = _links(fetcher, url, headers)
        if links is None:
            return None
        try:
            return b"".join(_lines(fetcher, link) for link in links)
        except LinkExpired:
            if last:
                raise
    return None


def _links(fetcher: Fetcher, url: str, headers: dict[str, str]) -> list[str] | None:
    answer = fetcher.ask(url, headers=headers)
    if answer.status_code in (204, 404):
        return None
    try:
        found = json.loads(whole(answer))["download_links"]
    except (ValueError, KeyError, TypeError):
        raise PullError("GitHub's answer names no download links.") from None
    if not isinstance(found, list) or not all(isinstance(link, str) for link in found):
        raise PullError("GitHub's answer names no download links.")
    return found


def _lines(fetcher: Fetcher, link: str) -> bytes:
    # The link is signed: the token stays at home.
    body = whole(fetcher.ask(link))
    return body if body.endswith(b"\n") or not body else body + b"\n"
