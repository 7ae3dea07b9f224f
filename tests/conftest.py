"""Starts what the tests need before Django reads its settings.

The process that was called starts PostgreSQL and Valkey where DATABASE_URL and REDIS_URL name none;
xdist's workers inherit the addresses. Settings are set up here and not in pyproject.toml, because
pytest-django would read them before any address is known.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lastmile.embedded import addresses
from lastmile.embedded.errors import AlreadyRunningError
from lastmile.embedded.places import Places, places
from lastmile.embedded.postgres import FORGETFUL
from lastmile.embedded.services import Services, sole_use

pytest.register_assert_rewrite("tests.cast", "tests.builders")

TEST_DATA = Path(sys.prefix) / "testdata"
# What a person's own shell may hold must not reach the tests.
STRAY_SETTINGS = (
    "ALLOWED_HOSTS",
    "EMAIL_URL",
    "LASTMILE_DB_ROLE",
    "LASTMILE_DEBUG",
    "LASTMILE_DEMO",
    "LASTMILE_HTTPS",
    "LASTMILE_PROXIES",
    "LASTMILE_SIGN_ON",
    "MAIL_FROM",
    "PORT",
    "SECRET_KEY",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
started = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    stack = config.stash[started] = ExitStack()
    if not hasattr(config, "workerinput"):
        start_services(stack)
    os.environ["REDIS_URL"] = broker_of_this_process(os.environ["REDIS_URL"])
    os.environ["DJANGO_SETTINGS_MODULE"] = "lastmile.settings"
    # The cast signs in by password alone; tests of the second factor turn it on for themselves.
    os.environ["LASTMILE_REQUIRE_MFA"] = "0"
    # Playwright's synchronous interface runs an event loop in the thread of the test.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

    import django

    django.setup()
    if not hasattr(config, "workerinput"):
        # Left in the environment, pytest-django would read the settings of xdist's workers before
        # they have a broker of their own.
        del os.environ["DJANGO_SETTINGS_MODULE"]
    if (Path(__file__).parent / "cast.py").exists():
        config.pluginmanager.import_plugin("tests.cast")


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[started].close()


def start_services(stack: ExitStack) -> None:
    for name in STRAY_SETTINGS:
        os.environ.pop(name, None)
    where = own_data_folder(stack)
    application = where.data / "application"
    shutil.rmtree(application, ignore_errors=True)
    os.environ["LASTMILE_DATA"] = str(application)
    services = Services(
        where,
        database=not os.environ.get("DATABASE_URL"),
        broker=not os.environ.get("REDIS_URL"),
        settings=FORGETFUL,
    )
    stack.callback(services.stop)
    services.start()
    embedded = addresses(where.data)
    os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or embedded.database_url
    os.environ["REDIS_URL"] = os.environ.get("REDIS_URL") or embedded.broker_url


def own_data_folder(stack: ExitStack) -> Places:
    """The kept folder, where servers start at once; a second run meanwhile gets a passing one."""
    kept = places(TEST_DATA)
    try:
        stack.enter_context(sole_use(kept))
    except AlreadyRunningError:
        folder = Path(tempfile.mkdtemp(prefix="lastmile-tests-"))
        folder.chmod(0o711)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        other = places(folder)
        stack.enter_context(sole_use(other))
        return other
    return kept


def broker_of_this_process(url: str) -> str:
    """Each xdist worker rings its own bells: the given database number, plus one per worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return url
    parts, number = urlsplit(url), int(worker.removeprefix("gw"))
    # Written out, because urlunsplit() drops the // of schemes that it does not know.
    if parts.scheme == "redis+socket":
        first = int(parse_qs(parts.query).get("virtual_host", ["0"])[0])
        return f"{parts.scheme}://{parts.path}?virtual_host={first + number}"
    first = int(parts.path.strip("/") or 0)
    return f"{parts.scheme}://{parts.netloc}/{first + number}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not os.environ.get("LASTMILE_TEST_ALL") and "slow" not in config.option.markexpr:
        leave_out_long_forms(config, items)
    if not find_browser() and not os.environ.get("CI"):
        missing = pytest.mark.skip(reason="NO CHROMIUM: install it or set LASTMILE_CHROMIUM")
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(missing)


def leave_out_long_forms(config: pytest.Config, items: list[pytest.Item]) -> None:
    long_forms = [item for item in items if item.get_closest_marker("slow")]
    if long_forms:
        config.hook.pytest_deselected(items=long_forms)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


def find_browser() -> str:
    named = os.environ.get("LASTMILE_CHROMIUM", "")
    return named or next((path for path in map(shutil.which, BROWSERS) if path), "")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser."""
    path = find_browser()
    assert path, "No Chromium: install it or set LASTMILE_CHROMIUM."
    return path


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker) -> Iterator[None]:
    """Replaces pytest-django's: a copy of a migrated template, no migrations per process."""
    from tests.databases import database_of_this_process

    with django_db_blocker.unblock(), database_of_this_process(TEST_DATA):
        yield


@pytest.fixture(scope="session")
def database_url(django_db_setup: None) -> str:
    """The address of this process's test database, for child processes."""
    return os.environ["DATABASE_URL"]


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A data folder that another account may pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="lastmile-data-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
