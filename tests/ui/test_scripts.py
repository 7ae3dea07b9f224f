"""The small scripts, in a real browser, on a page made of the components they enhance.

Nothing is served: the browser's requests are answered from the rendered page and static/.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.template import RequestContext, Template
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

pytestmark = pytest.mark.browser

STATIC = Path(__file__).resolve().parents[2] / "static"
CHROMIUM = os.environ.get("LASTMILE_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'"
PAGE = """<!doctype html>
<html lang="en-GB"{% theme %}>
  <head>
    <title>Scripts</title>
    {% include "head.html" %}
    {% for name in scripts %}<script type="module" src="/static/js/{{ name }}"></script>{% endfor %}
  </head>
  <body>
    <nav aria-label="Main">
      <a href="/sprint/" data-key="h" data-key-name="Home">Home</a>
      <a href="/data/" data-key="d" data-key-name="Imports">Imports</a><a href="/keys/">Keys</a>
      <button type="button" data-keys hidden>Keyboard</button>
    </nav>
    <header>{% cotton themes %}{% endcotton %}</header>
    <main>
      <h1>Scripts</h1>
      {% cotton code id="curl" label="Request" %}curl -X POST{% endcotton %}
      <form id="login" action="/in/"><label>Mail <input name="login"></label>
        <label>Password <input name="password" type="password"></label>
        <button type="submit" class="btn btn--primary">Sign in</button></form>
      <button type="button" data-demo-email="a@northwind.example" data-demo-password="sample"
        hidden>Use</button>
      {% cotton toasts :messages="said" %}{% endcotton %}
    </main>
    {% cotton keys %}{% endcotton %}
  </body>
</html>"""
SCRIPTS = [path.name for path in sorted((STATIC / "js").glob("*.js"))]
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def answer(route: Route) -> None:
    path = route.request.url.removeprefix("http://localhost/").partition("?")[0]
    if path.startswith("static/"):
        file = STATIC / path.removeprefix("static/")
        route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
        return
    request = HttpRequest()
    cookies = route.request.headers.get("cookie", "")
    request.COOKIES = dict(part.split("=", 1) for part in cookies.split("; ") if part)
    messages = [Message(constants.SUCCESS, "Saved."), Message(constants.ERROR, "Not saved.")]
    context = {"scripts": SCRIPTS, "said": messages}
    route.fulfill(
        body=Template(PAGE).render(RequestContext(request, context)),
        content_type="text/html; charset=utf-8",
        headers={"content-security-policy": POLICY},
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.route("**/*", answer)
    fresh = context.new_page()
    said: list[str] = []
    fresh.on("console", lambda message: said.append(message.text))
    fresh.on("pageerror", lambda error: said.append(str(error)))
    fresh.goto("http://localhost/")
    yield fresh
    context.close()
    assert [words for words in said if "Policy" in words or "Error" in words] == []


def test_a_chosen_theme_is_there_before_the_next_page_paints(page: Page) -> None:
    html = page.locator("html")
    page.get_by_role("button", name="Light or dark").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(html).to_have_attribute("data-theme", "dark")
    response = page.reload()
    assert response is not None
    assert '<html lang="en-GB" data-theme="dark">' in response.text()
    page.get_by_role("button", name="Light or dark").click()
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="As the system").click()
    assert html.get_attribute("data-theme") is None
    assert not any(cookie["name"] == "theme" for cookie in page.context.cookies())


def test_g_and_a_letter_follow_the_link_with_that_key(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("http://localhost/data/")
    page.keyboard.press("g")
    page.keyboard.press("p")  # no such link for this person
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("http://localhost/sprint/")


def test_keys_are_not_read_inside_fields_nor_with_control_held(page: Page) -> None:
    page.get_by_label("Mail").focus()
    page.keyboard.type("g?d")
    assert page.get_by_label("Mail").input_value() == "g?d"
    page.get_by_role("heading", name="Scripts").click()
    page.keyboard.press("Control+g")
    page.keyboard.press("d")
    assert page.url == "http://localhost/"
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_list_of_keys_names_only_what_this_person_can_reach(page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    assert dialog.locator("dt").all_text_contents() == ["This list", "Close", "Home", "Imports"]
    assert dialog.locator("dd").last.inner_text() == "g d"
    assert Axe().run(page).response["violations"] == []


def test_keys_stay_off_until_they_are_turned_on_again(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("checkbox").uncheck()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Keyboard").click()
    page.get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_code_is_copied_and_says_so(page: Page) -> None:
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "curl -X POST"


def test_a_message_is_closed_by_its_button(page: Page) -> None:
    toast = page.locator(".toast", has_text="Not saved.")
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_good_news_leaves_by_itself_and_a_refusal_stays(page: Page) -> None:
    page.clock.install()
    page.reload()
    expect(page.get_by_role("button", name="Close")).to_have_count(2)
    page.clock.fast_forward(11_000)
    expect(page.get_by_text("Saved.", exact=True)).to_have_count(0)
    expect(page.get_by_text("Not saved.")).to_be_visible()


def test_a_sample_login_fills_the_form(page: Page) -> None:
    page.get_by_role("button", name="Use").click()
    assert page.get_by_label("Mail").input_value() == "a@northwind.example"
    assert page.get_by_label("Password").input_value() == "sample"
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
