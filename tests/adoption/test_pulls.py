"""Reports fetched by command: patience, signed links, and nothing but whole reports."""

import json
from collections.abc import Iterator
from datetime import date

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError

from adoption.management.commands import pull
from adoption.models import UsageFact
from adoption.sources.pulls import github_copilot, m365_copilot
from adoption.sources.pulls.fetching import Fetcher, Hosts, LinkExpired, PullError
from organizations import scope
from organizations.models import ImportBatch
from tests.adoption.vendor_server import Answer, Vendor, vendor
from tests.cast import Company

DAY = date(2026, 10, 6)
LINKS = "/orgs/acme/copilot/metrics/reports/users-1-day"
ROW = {
    "user_id": 1001,
    "user_login": "bo",
    "day": "2026-10-06",
    "user_initiated_interaction_count": 3,
}
LINE = json.dumps(ROW).encode()


@pytest.fixture
def there() -> Iterator[Vendor]:
    with vendor() as found:
        yield found


class Patience:
    """Notes how long somebody would have waited."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


def fetcher(patience: Patience | None = None) -> Fetcher:
    hosts = Hosts(names=("127.0.0.1",), scheme="http")
    return Fetcher(hosts=hosts, wait=patience or Patience())


def links(there: Vendor, *paths: str) -> Answer:
    found = {"download_links": [there.url + path for path in paths], "report_day": "2026-10-06"}
    return Answer(body=json.dumps(found).encode())


def copilot(there: Vendor, patience: Patience | None = None) -> bytes | None:
    return github_copilot.fetch(
        fetcher=fetcher(patience), token="ghp_secret", account="orgs/acme", day=DAY, api=there.url
    )


# --- GitHub -------------------------------------------------------------------------------------
def test_all_files_of_a_day_become_one_body_and_the_token_stays_at_home(there: Vendor) -> None:
    there.says(LINKS, links(there, "/signed/1?sig=a", "/signed/2?sig=b"))
    there.says("/signed/1", Answer(body=LINE))
    there.says("/signed/2", Answer(body=LINE.replace(b"1001", b"1002") + b"\n"))
    assert copilot(there) == LINE + b"\n" + LINE.replace(b"1001", b"1002") + b"\n"
    first, *signed = there.asked
    assert first.path == f"{LINKS}?day=2026-10-06"
    assert first.headers["Authorization"] == "Bearer ghp_secret"
    assert all("Authorization" not in one.headers for one in signed)


def test_a_vendor_that_asks_for_patience_is_given_it(there: Vendor) -> None:
    patience = Patience()
    there.says(LINKS, Answer(status=429, headers={"Retry-After": "17"}), Answer(status=503))
    there.says(LINKS, links(there, "/signed/1"))
    there.says("/signed/1", Answer(body=LINE))
    assert copilot(there, patience) == LINE + b"\n"
    assert patience.waited == [17.0, 4.0]


def test_after_five_tries_the_pull_gives_up(there: Vendor) -> None:
    patience = Patience()
    there.says(LINKS, Answer(status=503))
    with pytest.raises(PullError, match="after 5 tries"):
        copilot(there, patience)
    assert (len(there.asked), patience.waited) == (5, [2.0, 4.0, 8.0, 16.0])


def test_an_expired_link_is_asked_for_once_more(there: Vendor) -> None:
    there.says(LINKS, links(there, "/old"), links(there, "/fresh"))
    there.says("/old", Answer(status=403))
    there.says("/fresh", Answer(body=LINE))
    assert copilot(there) == LINE + b"\n"


def test_a_link_that_never_opens_ends_the_pull(there: Vendor) -> None:
    there.says(LINKS, links(there, "/old"))
    there.says("/old", Answer(status=403))
    with pytest.raises(LinkExpired):
        copilot(there)


def test_a_file_that_breaks_off_gives_nothing_at_all(there: Vendor) -> None:
    there.says(LINKS, links(there, "/signed/1", "/signed/2"))
    there.says("/signed/1", Answer(body=LINE))
    there.says("/signed/2", Answer(body=LINE, cut=10))
    with pytest.raises(PullError, match="broke off"):
        copilot(there)


def test_a_day_without_a_report_is_none(there: Vendor) -> None:
    there.says(LINKS, Answer(status=204))
    assert copilot(there) is None


def test_a_link_to_another_host_is_not_asked(there: Vendor) -> None:
    body = {"download_links": ["http://169.254.169.254/latest/meta-data"]}
    there.says(LINKS, Answer(body=json.dumps(body).encode()))
    with pytest.raises(PullError, match="not on its list"):
        copilot(there)


def test_a_redirect_is_not_followed(there: Vendor) -> None:
    there.says(LINKS, links(there, "/signed/1"))
    there.says("/signed/1", Answer(status=302, headers={"Location": f"{there.url}/elsewhere"}))
    copilot(there)
    assert "/elsewhere" not in there.paths()


@pytest.mark.parametrize("account", ["acme", "orgs/../enterprises", "orgs/a?b", "users/acme", ""])
def test_an_account_that_is_none_asks_nobody(account: str, there: Vendor) -> None:
    with pytest.raises(PullError, match="orgs/NAME"):
        github_copilot.fetch(fetcher=fetcher(), token="t", account=account, day=DAY, api=there.url)
    assert there.asked == []


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.github.com/x", True),
        ("https://usagereportsprod1.blob.core.windows.net/x?sig=1", True),
        ("https://copilot-reports-production-a1.b01.azurefd.net/x", True),
        ("https://usagereports.evil.test.blob.core.windows.net/x", False),
        ("https://acct.blob.core.windows.net/x", False),
        ("http://api.github.com/x", False),
        ("https://api.github.com.evil.test/x", False),
        ("https://user@api.github.com/x", False),
        ("https://blob.core.windows.net.evil.test/", False),
        ("https://127.0.0.1/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_the_vendors_own_hosts_are_asked(url: str, allowed: bool) -> None:
    assert github_copilot.HOSTS.allow(url) is allowed


# --- Microsoft ----------------------------------------------------------------------------------
TOKEN = "/tenant.test/oauth2/v2.0/token"
REPORT = m365_copilot.REPORT.split("?")[0]
CSV = b"Report Refresh Date,User Principal Name\r\n"


def graph(there: Vendor) -> bytes:
    return m365_copilot.fetch(
        fetcher=fetcher(),
        tenant="tenant.test",
        client_id="app",
        client_secret="s3cret",
        login=there.url,
        graph=there.url,
    )


def test_a_token_then_the_report_then_its_signed_address(there: Vendor) -> None:
    there.says(TOKEN, Answer(body=b'{"access_token": "tok"}'))
    there.says(REPORT, Answer(status=302, headers={"Location": f"{there.url}/download?sig=1"}))
    there.says("/download", Answer(body=CSV))
    assert graph(there) == CSV
    token, report, download = there.asked
    assert b"client_secret=s3cret" in token.body
    assert report.headers["Authorization"] == "Bearer tok"
    assert "Authorization" not in download.headers


def test_a_signed_address_that_expired_is_asked_for_again(there: Vendor) -> None:
    there.says(TOKEN, Answer(body=b'{"access_token": "tok"}'))
    there.says(REPORT, Answer(status=302, headers={"Location": f"{there.url}/old"}))
    there.says(REPORT, Answer(status=302, headers={"Location": f"{there.url}/fresh"}))
    there.says("/old", Answer(status=410))
    there.says("/fresh", Answer(body=CSV))
    assert graph(there) == CSV


def test_an_unknown_application_is_said_plainly(there: Vendor) -> None:
    there.says(TOKEN, Answer(status=401))
    with pytest.raises(PullError, match="does not know this token"):
        graph(there)
    assert len(there.asked) == 1


# --- the commands -------------------------------------------------------------------------------
@pytest.fixture
def at_github(there: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """The command asks the vendor of this machine."""
    monkeypatch.setattr(github_copilot, "HOSTS", Hosts(names=("127.0.0.1",), scheme="http"))
    real = github_copilot.fetch
    monkeypatch.setattr(pull.github_copilot, "fetch", lambda **asked: real(**asked, api=there.url))
    monkeypatch.setattr(django_settings, "PULL_GITHUB_TOKEN", "ghp_secret")
    return there


def test_the_command_imports_what_it_fetched(
    at_github: Vendor, acme: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    at_github.says(LINKS, links(at_github, "/signed/1"))
    at_github.says("/signed/1", Answer(body=LINE))
    asked = ("pull", "github_copilot", "--account", "orgs/acme", "--initiative", "copilot")
    call_command(*asked, "--day", "2026-10-06")
    assert "1 accepted" in capsys.readouterr().out
    call_command(*asked, "--day", "2026-10-06")
    with scope.organization(acme.organization.pk):
        assert UsageFact.objects.count() == 1
        assert ImportBatch.objects.filter(source="github_copilot").count() == 1


def test_without_a_token_the_command_says_which_variable_to_set(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(django_settings, "PULL_GITHUB_TOKEN", "")
    with pytest.raises(CommandError, match="LASTMILE_PULL_GITHUB_TOKEN"):
        call_command("pull", "github_copilot", "--account", "orgs/acme", "--initiative", "copilot")


def test_an_initiative_that_is_none_is_refused_before_anything_is_kept(
    at_github: Vendor, acme: Company
) -> None:
    at_github.says(LINKS, links(at_github, "/signed/1"))
    at_github.says("/signed/1", Answer(body=LINE))
    with pytest.raises(CommandError, match="Name one of copilot"):
        call_command(
            *("pull", "github_copilot", "--account", "orgs/acme", "--initiative", "kopilot"),
            *("--day", "2026-10-06"),
        )
    with scope.organization(acme.organization.pk):
        assert not ImportBatch.objects.exists()


def test_with_two_organizations_one_has_to_be_named(acme: Company, twin: Company) -> None:
    with pytest.raises(CommandError, match="--organization"):
        call_command("pull", "m365_copilot", "--initiative", "copilot")
