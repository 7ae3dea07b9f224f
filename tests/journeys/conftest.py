"""A real browser on a real server. What a page logs or fetches from elsewhere fails the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

if TYPE_CHECKING:
    # This file is read before Django is set up when only this folder is asked for.
    from organizations.calculations.roles import Role
    from tests.cast import Company

PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1440, "height": 900}
_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


# Not for the session: a process has room for one driver, and other folders have tests with theirs.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield started
        started.close()


@dataclass
class Visit:
    """One person at one browser, and what went wrong meanwhile."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def look(self, *, size: dict[str, int], theme: str) -> None:
        """Turn the screen or the theme over, as somebody does without loading the page again."""
        self.page.set_viewport_size(size)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]

    def check_access(self) -> None:
        """axe finds nothing, and the page does not scroll sideways."""
        assert self.barriers() == []

    def barriers(self) -> list[str]:
        """What axe and the ruler find, each with its place; what is folded is opened first."""
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        told = [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]
        wider = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wider > 0:
            told.append(f"{wider}px too wide")
        return [f"{self.page.url.removeprefix(self.address)} {one}" for one in told]


Visitor = Callable[..., Visit]


@pytest.fixture
def visitor(browser: Browser, live_server) -> Iterator[Visitor]:  # type: ignore[no-untyped-def]
    """visitor(company, role, size=…, theme=…): somebody signed in, or nobody without a role."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def come(
        company: "Company | None" = None,
        role: "Role | None" = None,
        *,
        size: dict[str, int] = WIDE,
        theme: str = "light",
        scripts: bool = True,
    ) -> Visit:
        context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            color_scheme=theme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            locale="en-GB",
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        if company is not None and role is not None:
            session = company.client(role).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [
                    {
                        "name": settings.SESSION_COOKIE_NAME,
                        "value": session,
                        "url": live_server.url,
                    }
                ]
            )
        page = context.new_page()
        visit = Visit(page=page, address=live_server.url)
        _watch(visit)
        visits.append(visit)
        return visit

    yield come
    for context in contexts:
        context.close()
    assert [fault for visit in visits for fault in visit.faults] == []


def _watch(visit: Visit) -> None:
    def log(message) -> None:  # type: ignore[no-untyped-def]
        # A refusal is an answer, not a fault of the page.
        if message.type == "error" and "status of 4" not in message.text:
            visit.faults.append(f"console: {message.text}")

    visit.page.on("console", log)
    visit.page.on("pageerror", lambda error: visit.faults.append(f"script: {error}"))
    visit.page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((visit.address, "data:", "blob:"))
            else visit.faults.append(f"foreign request: {request.url}")
        ),
    )
