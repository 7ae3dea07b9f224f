"""A file to fill in for every import that exists or is settled."""

import csv

import pytest
from django.urls import reverse

from organizations.calculations.roles import Role
from organizations.reports.templates import import_templates
from tests.builders import make_department

pytestmark = pytest.mark.django_db


def test_every_import_of_the_formats_has_one_in_their_order():
    assert [one.key for one in import_templates()] == [
        *("people", "initiatives", "eligibility", "links", "facts", "handoffs", "metrics", "fx")
    ]


@pytest.mark.parametrize("template", import_templates(), ids=lambda one: one.key)
def test_each_is_a_header_and_one_row_as_wide(acme, template):
    answer = acme.client(Role.PROGRAM_LEAD).get(reverse("template", args=[template.key]))

    header, row = csv.reader(answer.content.decode().splitlines())
    assert header == template.columns
    assert len(row) == len(header) == len(set(header))
    assert f"{template.key}-template.csv" in answer["Content-Disposition"]


@pytest.mark.parametrize("kind", ["people", "initiatives", "eligibility"])
def test_what_can_be_sent_is_taken_as_it_is(in_acme, kind):
    make_department(path="Operations / Customer service")
    api = in_acme.api()
    bodies = {one.key: one.body for one in import_templates()}
    for before in ("people", "initiatives"):
        body = bodies[before].replace("elena.marsh", "bo.chen").replace("grace.okafor", "bo.chen")
        first = api.post(f"/api/v1/{before}", body, content_type="text/csv").json()

    if kind == "eligibility":
        first = api.post("/api/v1/eligibility", bodies[kind], content_type="text/csv").json()

    assert (first["received"], first["rejected"]) == (1, 0), first["errors"]


def test_what_this_version_does_not_take_says_so(acme):
    page = acme.client(Role.PROGRAM_LEAD).get(reverse("templates")).content.decode()

    assert page.count("Not in this version") == 4
    assert "ingest:people" in page


def test_a_template_nobody_knows_is_not_found(acme):
    lead = acme.client(Role.PROGRAM_LEAD)
    assert lead.get(reverse("template", args=["passwords"])).status_code == 404
