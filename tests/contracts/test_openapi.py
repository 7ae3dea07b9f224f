"""The description of the API: valid, without a warning, kept in the documents, served offline."""

import io

import pytest
from django.core.management import call_command
from django.test import Client

from tests.contracts.doors import ENDPOINTS
from tests.contracts.source import ROOT

FILE = "docs/openapi.yaml"
COMMAND = f"manage.py spectacular --validate --fail-on-warn --file {FILE}"


@pytest.fixture(scope="module")
def schema() -> str:
    """As the command writes it; it fails on a warning of the generator."""
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    return out.getvalue()


def test_the_description_in_the_documents_is_the_one_of_the_code(schema: str) -> None:
    written = (ROOT / FILE).read_text()
    assert written.strip() == schema.strip(), f"The API has changed. Write it anew: {COMMAND}"


def test_every_endpoint_is_described(schema: str) -> None:
    for route in ENDPOINTS:
        path = "/" + route.replace("^", "").replace("/?$", "").replace(
            "(?P<number>[0-9]+)", "{number}"
        )
        assert f"\n  {path}:\n" in schema or f"\n  {path}/:\n" in schema, path


@pytest.mark.django_db
def test_the_description_and_its_page_are_served_without_the_net(client: Client) -> None:
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200
    assert b"openapi: 3.1" in answer.content
    page = client.get("/api/docs").content.decode()
    assert "https://" not in page
    assert "http://" not in page.replace("http://testserver", "").replace("http://www.w3.org", "")
