"""What a batch of usage does to the facts (SECURITY 6, PERFORMANCE 2)."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adoption.models import UsageFact, UsageFactHistory
from organizations.actions.batches import StillRunning
from organizations.calculations.jobs import BatchKind, BatchState
from organizations.models import DirtyWeek, ImportBatch, Subject, SubjectAlias, SubjectLink
from tests.builders import NOW, imported, make_batch, make_initiative, make_person
from tests.cast import Company

COPILOT = Path(__file__).parents[1] / "data" / "github_copilot"
DAY = date(2026, 10, 6)


def row(subject: str = "email:bo.chen@acme.test", **more: object) -> dict[str, object]:
    return {
        "initiative": "copilot",
        "subject": subject,
        "day": DAY.isoformat(),
        "surface": "chat",
        "interactions": 11,
    } | more


def post(
    company: Company, *rows: dict[str, object], as_of: datetime | None = None, **more: object
) -> ImportBatch:
    body = "\n".join(json.dumps(one) for one in rows)
    kept = make_batch(
        body,
        organization=company.organization,
        kind=BatchKind.USAGE,
        content_type="application/x-ndjson",
        as_of=as_of,
        **more,  # type: ignore[arg-type]
    )
    return imported(kept)


def sums(batch: ImportBatch) -> tuple[int, int, int, int, int]:
    assert batch.received == batch.accepted + batch.revised + batch.duplicate + batch.rejected
    return batch.accepted, batch.revised, batch.duplicate, batch.rejected, batch.unmatched


def test_a_row_becomes_a_fact_of_its_subject(in_acme: Company) -> None:
    batch = post(in_acme, row())
    fact = UsageFact.objects.get()
    assert sums(batch) == (1, 0, 0, 0, 0)
    assert (fact.period_start, fact.interactions, fact.surface) == (DAY, 11, "chat")
    assert fact.active is True
    assert fact.sessions is None
    assert SubjectLink.objects.get().person == in_acme.person


def test_a_person_is_short_for_an_address(in_acme: Company) -> None:
    one = row()
    del one["subject"]
    batch = post(in_acme, one | {"person": " Bo.Chen@ACME.test "})
    assert sums(batch) == (1, 0, 0, 0, 0)


def test_the_same_statement_again_changes_nothing(in_acme: Company) -> None:
    post(in_acme, row())
    DirtyWeek.objects.all().delete()
    batch = post(in_acme, row(), row("email:other@acme.test"))
    assert sums(batch) == (1, 0, 1, 0, 1)
    assert UsageFact.objects.get(subject__external_id="bo.chen@acme.test").revision == 1
    assert not DirtyWeek.objects.exclude(person_id=0).exists()
    assert not UsageFactHistory.objects.exists()


def test_a_later_statement_replaces_and_the_old_one_is_kept(in_acme: Company) -> None:
    first = post(in_acme, row())
    batch = post(in_acme, row(interactions=4))
    fact = UsageFact.objects.get()
    old = UsageFactHistory.objects.get()
    assert sums(batch) == (0, 1, 0, 0, 0)
    assert (fact.interactions, fact.revision, fact.batch_id) == (4, 2, batch.pk)
    assert (old.interactions, old.revision, old.batch_id) == (11, 1, first.pk)
    assert old.replaced_by == batch.pk


def test_an_older_statement_arriving_later_changes_nothing(in_acme: Company) -> None:
    post(in_acme, row(interactions=9), as_of=NOW)
    batch = post(in_acme, row(interactions=1), as_of=NOW - timedelta(days=1))
    assert sums(batch) == (0, 0, 1, 0, 0)
    assert UsageFact.objects.get().interactions == 9


def test_a_confirmation_moves_the_instant_forward(in_acme: Company) -> None:
    """Otherwise an older correction arriving after it would win."""
    post(in_acme, row(), as_of=NOW - timedelta(days=3))
    post(in_acme, row(), as_of=NOW)
    post(in_acme, row(interactions=1), as_of=NOW - timedelta(days=1))
    assert UsageFact.objects.get().interactions == 11


def test_the_row_says_when_it_was_stated(in_acme: Company) -> None:
    post(in_acme, row(as_of="2026-10-08T00:00:00Z"))
    assert UsageFact.objects.get().as_of == datetime(2026, 10, 8, tzinfo=UTC)


def test_rows_that_contradict_are_all_refused(in_acme: Company) -> None:
    batch = post(in_acme, row(), row("email:a@acme.test"), row(interactions=3))
    assert sums(batch) == (1, 0, 0, 2, 1)
    assert [(error.line, error.code) for error in batch.row_errors.order_by("number")] == [
        (1, "conflicting_rows"),
        (3, "conflicting_rows"),
    ]


def test_a_row_said_twice_counts_once(in_acme: Company) -> None:
    assert sums(post(in_acme, row(), row())) == (1, 0, 1, 0, 0)


def test_good_rows_are_kept_and_bad_ones_named(in_acme: Company) -> None:
    batch = post(
        in_acme,
        row(),
        row(day="2026-13-24"),
        row(initiative="copilot-v2"),
        row("email:a@acme.test", interactions=-1),
    )
    assert sums(batch) == (1, 0, 0, 3, 0)
    assert [(error.line, error.field) for error in batch.row_errors.order_by("number")] == [
        (2, "day"),
        (3, "initiative"),
        (4, "interactions"),
    ]
    assert batch.state == BatchState.DONE


def test_strict_mode_stores_nothing_after_one_bad_row(in_acme: Company) -> None:
    batch = post(in_acme, row(), row(day="yesterday"), strict=True)
    assert batch.state == BatchState.REFUSED
    assert batch.received == 0
    assert batch.row_errors.count() == 1
    assert not UsageFact.objects.exists()
    assert not Subject.objects.exists()


def test_another_organizations_initiative_is_unknown(in_acme: Company, twin: Company) -> None:
    from organizations import scope

    with scope.organization(twin.organization.pk):
        make_initiative(key="only-theirs")
    batch = post(in_acme, row(initiative="only-theirs"))
    assert batch.row_errors.get().code == "unknown_initiative"


def test_unknown_people_are_kept_and_count_once_the_directory_knows_them(in_acme: Company) -> None:
    batch = post(in_acme, row("email:new@acme.test"))
    assert sums(batch) == (1, 0, 0, 0, 1)
    assert not SubjectLink.objects.exists()
    from organizations.actions.links import link_matching

    person = make_person(email="new@acme.test", name="New")
    assert link_matching(organization_id=in_acme.organization.pk) == 1
    assert SubjectLink.objects.get().person == person


def test_two_people_of_one_name_match_nobody(in_acme: Company) -> None:
    make_person(email="x@acme.test", name="X", aliases=["login:x", "uid:7"])
    make_person(email="y@acme.test", name="Y", aliases=["login:y"])
    subject = Subject.objects.create(
        source="s", kind="uid", external_id="7", first_seen=DAY, last_seen=DAY
    )
    SubjectAlias.objects.create(subject=subject, kind="login", value="y")
    from organizations.actions.links import link_matching

    assert link_matching(organization_id=in_acme.organization.pk) == 0


def test_changed_weeks_are_marked(in_acme: Company) -> None:
    post(in_acme, row(), row("email:stranger@acme.test", day="2026-10-14"))
    marks = set(DirtyWeek.objects.values_list("week", "person_id"))
    # Nobody knows the stranger, but the week now has data, which concerns everybody.
    assert marks == {
        (date(2026, 10, 5), in_acme.person.pk),
        (date(2026, 10, 5), 0),
        (date(2026, 10, 12), 0),
    }


def copilot(company: Company, name: str) -> ImportBatch:
    return imported(
        make_batch(
            (COPILOT / name).read_bytes(),
            organization=company.organization,
            kind=BatchKind.USAGE,
            source="github_copilot",
            content_type="application/x-ndjson",
            initiative="copilot",
        )
    )


def test_a_vendor_file_goes_the_same_way(in_acme: Company) -> None:
    names = sorted(path.name for path in COPILOT.glob("*.ndjson"))
    good = next(name for name in names if "users" in name)
    batch = copilot(in_acme, good)
    assert batch.state == BatchState.DONE, batch.problem
    assert batch.accepted == UsageFact.objects.count() > 0
    assert set(Subject.objects.values_list("kind", flat=True)) == {"uid"}


def test_a_renamed_login_stays_one_subject_with_both_names(in_acme: Company) -> None:
    rows = [
        {"user_id": 1002, "user_login": login, "day": day, "organization_id": "999",
         "user_initiated_interaction_count": 3, "code_acceptance_activity_count": 1}
        for login, day in (("bob", "2026-10-06"), ("bob-acme", "2026-10-07"))
    ]  # fmt: skip
    person = make_person(email="bob@acme.test", name="Bob", aliases=["login:bob-acme"])
    imported(
        make_batch(
            "\n".join(json.dumps(one) for one in rows),
            organization=in_acme.organization,
            kind=BatchKind.USAGE,
            source="github_copilot",
            content_type="application/x-ndjson",
            initiative="copilot",
        )
    )
    subject = Subject.objects.get()
    assert subject.external_id == "1002"
    assert set(subject.aliases.values_list("value", flat=True)) == {"bob", "bob-acme"}
    assert SubjectLink.objects.get().person == person
    assert UsageFact.objects.count() == 2


def test_a_batch_that_is_worked_off_already_is_not_worked_off_again(in_acme: Company) -> None:
    from organizations.actions.batches import work_off

    batch = post(in_acme, row())
    assert not work_off(batch=batch, clock=lambda: NOW)
    assert UsageFact.objects.count() == 1


def test_an_identical_body_without_key_replays_while_it_is_the_newest(in_acme: Company) -> None:
    first = post(in_acme, row())
    again = make_batch(
        json.dumps(row()),
        organization=in_acme.organization,
        kind=BatchKind.USAGE,
        content_type="application/x-ndjson",
        with_key=False,
    )
    assert again.pk == first.pk
    post(in_acme, row(interactions=4))
    third = post(in_acme, row())
    assert third.pk != first.pk
    assert UsageFact.objects.get().interactions == 11


def test_a_body_that_is_still_being_worked_off_says_so(in_acme: Company) -> None:
    arguments = {
        "organization": in_acme.organization,
        "kind": BatchKind.USAGE,
        "content_type": "application/x-ndjson",
        "with_key": False,
    }
    make_batch(json.dumps(row()), **arguments)  # type: ignore[arg-type]
    with pytest.raises(StillRunning):
        make_batch(json.dumps(row()), **arguments)  # type: ignore[arg-type]
