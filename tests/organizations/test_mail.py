"""Mail: written first, sent once, tried five times, kept where there is no server."""

import ast
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from organizations import scope
from organizations.actions import delivery
from organizations.actions.mail import (
    NewMail,
    expire_mails,
    forget_links,
    post,
    post_to_login,
)
from organizations.actions.sweep import sweep_all
from organizations.calculations.choices import MailState
from organizations.calculations.mails import (
    KINDS,
    LINK_PLACE,
    paragraphs,
    wait_after,
    with_link,
    without_link,
)
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Mail, Organization, User
from organizations.tasks import deliver_mail
from tests.builders import PASSWORD, make_membership, make_user
from tests.cast import Company
from tests.contracts.source import ROOT, calls, dotted, python_files, syntax_of
from tests.organizations.mail_server import MailServer, running_mail_server

RESET = "password_reset"
LINK = "https://lastmile.test/invitations/abc?x=1&y=2"


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    with running_mail_server() as found:
        yield found


@pytest.fixture
def server(running: MailServer, settings: Settings) -> MailServer:
    """A mail server that the operator has set, empty."""
    running.arrived.clear()
    running.says.clear()
    settings.SENDS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
    settings.DEFAULT_FROM_EMAIL = "Last Mile <lastmile@acme.test>"
    return running


def write(
    organization: Organization | None,
    *,
    user: User | None = None,
    now: datetime | None = None,
    **more: object,
) -> Mail:
    values = {
        "kind": "invitation",
        "address": "guest@acme.test",
        "subject": "Lena invites you",
        "text": f"Hello Ümit,\n\nCome in:\n\n{LINK}\n\nUntil Friday.",
        "link": LINK,
    } | more
    with transaction.atomic():
        return post(
            new=NewMail(**values),  # type: ignore[arg-type]
            organization=organization,
            user=user,
            now=now or datetime.now(UTC),
        )


def fresh(mail: Mail) -> Mail:
    return Mail.unscoped.get(pk=mail.pk)


def stored(mail: Mail) -> str:
    return str(Mail.unscoped.filter(pk=mail.pk).values().get())


# --- sending ------------------------------------------------------------------------------------
def test_a_mail_arrives_as_text_and_as_html(acme: Company, server: MailServer) -> None:
    mail = write(acme.organization, headers={"List-Unsubscribe": "<https://lastmile.test/u>"})
    deliver_mail(mail.pk)
    [arrived] = server.arrived
    text = arrived.get_body(("plain",))
    html = arrived.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Hello Ümit" in text.get_content()
    assert LINK in text.get_content()
    assert f'href="{LINK.replace("&", "&amp;")}"' in html.get_content()
    assert "See the invitation" in html.get_content()
    assert LINK_PLACE not in arrived.as_string()
    assert arrived["From"] == "Last Mile <lastmile@acme.test>"
    assert arrived["Subject"] == "Lena invites you"
    assert arrived["Message-ID"] == f"<{mail.public_id}@acme.test>"
    assert arrived["List-Unsubscribe"] == "<https://lastmile.test/u>"
    assert fresh(mail).state == MailState.SENT


def test_a_mail_is_rung_for_after_the_change_it_tells_of(
    acme: Company,
    server: MailServer,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(
        "organizations.dirty.current_app.send_task",
        lambda task, args, **more: rung.append((task, args)),
    )
    with django_capture_on_commit_callbacks(execute=True):
        mail = write(acme.organization)
        assert rung == []
    assert rung == [("organizations.tasks.deliver_mail", [mail.pk, 1])]


def test_a_mail_belongs_into_a_transaction(transactional_db: None) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        post(
            new=NewMail(kind="x", address="a@acme.test", subject="x", text="x"),
            organization=None,
            user=None,
            now=datetime.now(UTC),
        )


def test_a_mail_is_sent_once_however_often_the_bell_rings(
    acme: Company, server: MailServer
) -> None:
    mail = write(acme.organization)
    for _ in range(3):
        deliver_mail(mail.pk)
    assert len(server.arrived) == 1
    deliver_mail(mail.pk, 2)
    deliver_mail(mail.pk + 1000)
    assert len(server.arrived) == 1


def test_two_workers_do_not_send_the_same_mail(
    acme: Company, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one comes while the first talks to the server."""
    mail = write(acme.organization)
    send = delivery._send

    def interrupted(claimed: Mail) -> object:
        deliver_mail(mail.pk)
        return send(claimed)

    monkeypatch.setattr(delivery, "_send", interrupted)
    deliver_mail(mail.pk)
    assert len(server.arrived) == 1
    assert fresh(mail).attempts == 1


def test_words_and_links_are_sealed_and_a_sent_link_is_forgotten(
    acme: Company, server: MailServer
) -> None:
    mail = write(acme.organization)
    assert "Hello" not in stored(mail)
    assert "invitations" not in stored(mail)
    deliver_mail(mail.pk)
    assert fresh(mail).sealed_link == ""


def test_without_a_server_a_mail_is_kept(acme: Company) -> None:
    mail = write(acme.organization)
    deliver_mail(mail.pk)
    assert fresh(mail).state == MailState.KEPT
    assert fresh(mail).sealed_link


def test_mails_of_the_example_organization_never_leave_it(
    acme: Company, server: MailServer
) -> None:
    acme.organization.example = True
    acme.organization.save(update_fields=["example"])
    mail = write(acme.organization)
    deliver_mail(mail.pk)
    assert fresh(mail).state == MailState.KEPT
    assert server.arrived == []


# --- failing ------------------------------------------------------------------------------------
def test_a_mail_is_tried_five_times_and_then_told_as_failed(
    acme: Company, server: MailServer
) -> None:
    server.says["RCPT"] = "451 try later"
    mail = write(acme.organization)
    waits = []
    with time_machine.travel(datetime(2026, 10, 21, 9, tzinfo=UTC), tick=False) as clock:
        for _ in range(5):
            deliver_mail(mail.pk)
            deliver_mail(mail.pk)
            row = fresh(mail)
            if row.next_try_at is not None:
                waits.append(row.next_try_at - datetime.now(UTC))
                clock.move_to(row.next_try_at)
    assert waits == [wait_after(n) for n in range(1, 5)]
    assert (row.state, row.attempts) == (MailState.FAILED, 5)
    assert row.problem == "The server refused the address (451)."


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"RCPT": "550 guest@acme.test is unknown"}, "The server refused the address (550)."),
        ({"MAIL": "553 not you"}, "The server refused our sender (553)."),
        ({"DATA": "554 spam"}, "The server answered 554."),
        ({"CONNECT": "421 busy"}, "The server answered 421."),
    ],
)
def test_a_refusal_is_told_without_anybodys_address(
    says: dict[str, str],
    words: str,
    acme: Company,
    server: MailServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.says.update(says)
    mail = write(acme.organization)
    with caplog.at_level(logging.DEBUG):
        deliver_mail(mail.pk)
    assert fresh(mail).problem == words
    assert "guest@acme.test" not in caplog.text + words


def test_an_unknown_address_is_not_tried_again(acme: Company, server: MailServer) -> None:
    server.says["RCPT"] = "550 unknown"
    mail = write(acme.organization)
    deliver_mail(mail.pk)
    assert (fresh(mail).state, fresh(mail).attempts) == (MailState.FAILED, 1)


def test_a_server_that_is_away_is_told_so(
    acme: Company,
    server: MailServer,
    settings: Settings,
) -> None:
    settings.EMAIL_PORT = 1
    mail = write(acme.organization)
    deliver_mail(mail.pk)
    row = fresh(mail)
    assert row.problem == "No mail server listens at that address and port."
    assert row.state == MailState.WAITING


def test_a_header_that_would_make_two_is_never_sent(acme: Company, server: MailServer) -> None:
    mail = write(acme.organization, headers={"X-Kind": "a\nBcc: evil@evil.test"})
    deliver_mail(mail.pk)
    assert fresh(mail).state == MailState.FAILED
    assert server.arrived == []


def test_a_subject_of_two_lines_becomes_one(acme: Company, server: MailServer) -> None:
    mail = write(acme.organization, subject="Hello\r\nBcc: evil@evil.test")
    deliver_mail(mail.pk)
    assert server.arrived[0]["Subject"] == "Hello Bcc: evil@evil.test"
    assert server.arrived[0]["Bcc"] is None


def test_words_sealed_with_another_key_fail_and_are_told(
    acme: Company,
    server: MailServer,
    settings: Settings,
) -> None:
    mail = write(acme.organization)
    settings.SECRET_KEY = "another key of more than thirty-two characters"
    deliver_mail(mail.pk)
    assert "SECRET_KEY" in fresh(mail).problem


def test_a_mail_whose_worker_died_is_taken_up_by_the_sweeper(
    acme: Company,
    server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[int] = []
    monkeypatch.setattr("organizations.actions.sweep.ring", lambda task, *ids: rung.extend(ids))
    mail = write(acme.organization)
    now = mail.created_at
    sweep_all(now=now + timedelta(seconds=30))
    assert mail.pk not in rung
    sweep_all(now=now + timedelta(seconds=90))
    assert mail.pk in rung
    rung.clear()
    Mail.unscoped.filter(pk=mail.pk).update(attempts=1, next_try_at=now + delivery.CLAIM)
    sweep_all(now=now + timedelta(minutes=5))
    assert mail.pk not in rung
    sweep_all(now=now + delivery.CLAIM)
    assert mail.pk in rung


def test_a_mail_that_kills_every_worker_fails(acme: Company, server: MailServer) -> None:
    mail = write(acme.organization)
    Mail.unscoped.filter(pk=mail.pk).update(attempts=5)
    deliver_mail(mail.pk)
    assert fresh(mail).state == MailState.FAILED
    assert server.arrived == []


# --- links --------------------------------------------------------------------------------------
def test_a_used_link_is_emptied_and_its_mail_is_not_sent_any_more(
    acme: Company, server: MailServer
) -> None:
    mine = write(acme.organization)
    other = write(acme.organization, address="else@acme.test")
    assert forget_links(kind="invitation", address="Guest@acme.test") == 1
    deliver_mail(mine.pk)
    assert server.arrived == []
    assert fresh(mine).state == MailState.KEPT
    assert fresh(other).sealed_link


def test_an_old_link_is_emptied_by_the_sweeper(acme: Company) -> None:
    now = datetime.now(UTC)
    mail = write(acme.organization, link_expires_at=now + timedelta(hours=1))
    sweep_all(now=now)
    assert fresh(mail).sealed_link
    sweep_all(now=now + timedelta(hours=2))
    assert fresh(mail).sealed_link == ""


def test_links_are_forgotten_of_somebody_and_never_of_all() -> None:
    with pytest.raises(ValueError, match="login or an address"):
        forget_links(kind="invitation")


def test_old_mails_are_deleted_by_the_organizations_rule(acme: Company, twin: Company) -> None:
    now = datetime.now(UTC)
    old = write(acme.organization, now=now - timedelta(days=31))
    young = write(acme.organization, now=now - timedelta(days=29))
    theirs = write(twin.organization, now=now - timedelta(days=31))
    assert expire_mails(organization_id=acme.organization.pk, now=now) == 1
    left = set(Mail.unscoped.values_list("pk", flat=True))
    assert left == {young.pk, theirs.pk}
    assert old.pk not in left


def test_old_mails_of_nobody_are_deleted_by_the_sweeper(db: None) -> None:
    now = datetime.now(UTC)
    write(None, now=now - timedelta(days=31))
    young = write(None, now=now - timedelta(days=29))
    sweep_all(now=now)
    assert [m.pk for m in Mail.unscoped.all()] == [young.pk]


# --- a new password -----------------------------------------------------------------------------
def ask_for_a_new_password(email: str):  # type: ignore[no-untyped-def]
    return Client().post("/accounts/password/reset/", {"email": email}, follow=True)


def test_a_new_password_goes_through_a_mail_and_its_link_works_once(
    acme: Company, server: MailServer
) -> None:
    ask_for_a_new_password("member@acme.test")
    mail = Mail.unscoped.get()
    assert (mail.kind, mail.organization_id) == ("password_reset", acme.organization.pk)
    deliver_mail(mail.pk)
    text = server.arrived[0].get_body(("plain",))
    assert text is not None
    found = re.search(r"http://testserver(/\S+)", text.get_content())
    assert found is not None
    client = Client()
    page = client.get(found[1], follow=True)
    form = {"password1": PASSWORD, "password2": PASSWORD}
    client.post(page.request["PATH_INFO"], form)
    assert User.objects.get(email="member@acme.test").check_password(PASSWORD)
    again = Client().get(found[1], follow=True).content.decode()
    assert "no longer works" in again


def test_a_used_or_older_link_to_a_new_password_is_emptied(acme: Company) -> None:
    ask_for_a_new_password("member@acme.test")
    ask_for_a_new_password("member@acme.test")
    first, second = Mail.unscoped.order_by("pk")
    assert first.sealed_link == ""
    link = shown_link(acme, second)
    client = Client()
    page = client.get(link.removeprefix("http://testserver"), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    assert fresh(second).sealed_link == ""


def shown_link(company: Company, mail: Mail) -> str:
    page = company.client(Role.ADMINISTRATOR).post(f"/settings/mail/{mail.public_id}/link/")
    found = re.search(r'id="mail-link"[^>]*>(http[^<]+)<', page.content.decode())
    assert found is not None, page.content.decode()
    return found[1].replace("&amp;", "&")


def test_an_unknown_address_gets_no_mail_and_the_same_answer(acme: Company) -> None:
    known = ask_for_a_new_password("member@acme.test")
    unknown = ask_for_a_new_password("nobody@acme.test")
    assert known.redirect_chain == unknown.redirect_chain
    plain = [re.sub(r"nonce|csrf\S+", "", a.content.decode()) for a in (known, unknown)]
    assert plain[0] == plain[1]
    assert Mail.unscoped.count() == 1


def test_without_a_server_the_reset_pages_say_who_has_the_link(
    acme: Company,
    settings: Settings,
) -> None:
    assert "sends no mail" in ask_for_a_new_password("member@acme.test").content.decode()
    assert "sends no mail" in Client().get("/accounts/password/reset/").content.decode()
    settings.SENDS_MAIL = True
    assert "Look in your mail" in ask_for_a_new_password("member@acme.test").content.decode()


def test_no_administrator_sees_the_link_of_a_login_of_several_organizations(
    acme: Company, twin: Company
) -> None:
    user = acme.users[Role.MEMBER]
    with scope.organization(twin.organization.pk):
        make_membership(user=user, role=Role.MEMBER)
    ask_for_a_new_password("member@acme.test")
    mail = Mail.unscoped.get()
    assert mail.organization is None
    for company in (acme, twin):
        client = company.client(Role.ADMINISTRATOR)
        assert "member@acme.test" not in client.get("/settings/mail/").content.decode()
        assert client.post(f"/settings/mail/{mail.public_id}/link/").status_code == 404


def test_a_link_written_before_somebody_joined_another_organization_is_not_shown(
    acme: Company, twin: Company
) -> None:
    ask_for_a_new_password("member@acme.test")
    mail = Mail.unscoped.get()
    with scope.organization(twin.organization.pk):
        make_membership(user=acme.users[Role.MEMBER], role=Role.MEMBER)
    client = acme.client(Role.ADMINISTRATOR)
    page = client.post(f"/settings/mail/{mail.public_id}/link/", follow=True).content.decode()
    assert "This link is gone" in page
    assert "password/reset/key" not in page
    assert "Show the link" not in client.get(f"/settings/mail/{mail.public_id}/").content.decode()


def test_a_login_of_no_organization_gets_its_mail(server: MailServer, db: None) -> None:
    user = make_user(email="alone@acme.test")
    new = NewMail(kind="password_reset", address=user.email, subject="x", text="x")
    assert post_to_login(new=new, user=user, now=datetime.now(UTC)).organization is None


# --- Settings → Mail ----------------------------------------------------------------------------
def test_the_page_says_that_mail_is_not_set_up_and_how_to_do_it(acme: Company) -> None:
    page = acme.client(Role.ADMINISTRATOR).get("/settings/mail/").content.decode()
    assert "<h1>Mail is not set up</h1>" in page
    assert "EMAIL_URL=smtp+tls://" in page
    assert "MAIL_FROM=" in page


def test_the_title_of_the_page_is_what_matters_most(
    acme: Company,
    server: MailServer,
    settings: Settings,
) -> None:
    client = acme.client(Role.ADMINISTRATOR)

    def title() -> str:
        found = re.search(r"<h1>(.*?)</h1>", client.get("/settings/mail/").content.decode())
        assert found is not None
        return found[1]

    assert title() == "No mail was written yet"
    mail = write(acme.organization)
    assert title() == "1 mail is on the way"
    deliver_mail(mail.pk)
    assert title() == "Every mail was sent"
    Mail.unscoped.update(state=MailState.KEPT)
    assert title() == "1 mail is kept here, not sent"
    Mail.unscoped.update(state=MailState.FAILED)
    assert title() == "1 mail could not be sent"
    settings.SENDS_MAIL = False
    Mail.unscoped.update(state=MailState.KEPT)
    assert title() == "Mail is not set up; 1 mail is kept here"


def test_the_list_is_filtered_and_never_holds_the_twins(acme: Company, twin: Company) -> None:
    write(acme.organization, address="kept@acme.test")
    write(acme.organization, address="other@acme.test", kind="digest")
    write(twin.organization, address="theirs@acme.test")
    Mail.unscoped.filter(address="kept@acme.test").update(state=MailState.KEPT)
    client = acme.client(Role.ADMINISTRATOR)
    everything = client.get("/settings/mail/").content.decode()
    assert "kept@acme.test" in everything
    assert "other@acme.test" in everything
    assert "theirs@acme.test" not in everything
    for query in ({"state": "kept"}, {"kind": "invitation"}):
        page = client.get("/settings/mail/", query).content.decode()
        assert "kept@acme.test" in page
        assert "other@acme.test" not in page
    assert "No mail of this kind" in client.get("/settings/mail/?state=failed").content.decode()


def test_a_link_is_shown_on_demand_and_each_showing_is_in_the_trail(acme: Company) -> None:
    mail = write(acme.organization)
    client, address = acme.client(Role.ADMINISTRATOR), f"/settings/mail/{mail.public_id}/"
    page = client.get(address).content.decode()
    assert "Hello Ümit" in page
    assert "invitations/abc" not in page
    assert shown_link(acme, mail) == LINK
    assert shown_link(acme, mail) == LINK
    shown = AuditEvent.unscoped.filter(action="mail.link_shown")
    assert [(e.object_id, e.changes) for e in shown] == [
        (str(mail.public_id), {"kind": "invitation"})
    ] * 2
    assert client.get(address + "link/").status_code == 405


def test_a_mail_for_its_reader_alone_is_not_shown(acme: Company) -> None:
    mail = write(acme.organization, kind="digest", subject="3 secret things wait", text="Secret")
    client, address = acme.client(Role.ADMINISTRATOR), f"/settings/mail/{mail.public_id}/"
    for page in (
        client.get(address),
        client.get("/settings/mail/"),
        client.post(address + "link/"),
    ):
        assert "secret" not in page.content.decode().lower()
    assert "for its reader alone" in client.get(address).content.decode()


def test_only_administrators_see_mails(acme: Company, twin: Company) -> None:
    address = f"/settings/mail/{write(acme.organization).public_id}/"
    for role in Role:
        expected = 200 if role is Role.ADMINISTRATOR else 403
        assert acme.client(role).get(address).status_code == expected
    assert twin.client(Role.ADMINISTRATOR).get(address).status_code == 404


def test_a_test_mail_goes_to_oneself(acme: Company, server: MailServer) -> None:
    client = acme.client(Role.ADMINISTRATOR)
    page = client.post("/settings/mail/test/", follow=True)
    mail = Mail.unscoped.get()
    assert mail.address == "administrator@acme.test"
    assert "On its way" in page.content.decode()
    deliver_mail(mail.pk)
    assert server.arrived[0]["To"] == "administrator@acme.test"
    assert AuditEvent.unscoped.filter(action="mail.tested").count() == 1


def test_a_failed_mail_is_sent_again_from_the_page(acme: Company, server: MailServer) -> None:
    server.says["RCPT"] = "550 unknown"
    mail = write(acme.organization)
    deliver_mail(mail.pk)
    server.says.clear()
    client, address = acme.client(Role.ADMINISTRATOR), f"/settings/mail/{mail.public_id}/"
    assert "Send it again" in client.get(address).content.decode()
    client.post(address + "again/")
    deliver_mail(mail.pk)
    assert len(server.arrived) == 1
    assert "was sent" in client.post(address + "again/", follow=True).content.decode()


@pytest.mark.parametrize("why", ["no server", "link used"])
def test_what_cannot_be_sent_again_says_why(
    why: str,
    acme: Company,
    settings: Settings,
) -> None:
    settings.SENDS_MAIL = why != "no server"
    mail = write(acme.organization)
    Mail.unscoped.update(state=MailState.KEPT)
    if why == "link used":
        forget_links(kind="invitation", address="guest@acme.test")
    client, address = acme.client(Role.ADMINISTRATOR), f"/settings/mail/{mail.public_id}/"
    assert "Send it" not in client.get(address).content.decode()
    words = "Mail is not set up" if why == "no server" else "Its link was used"
    assert words in client.post(address + "again/", follow=True).content.decode()


# --- the operator's command ----------------------------------------------------------------------
def said(*words: str) -> str:
    out = StringIO()
    call_command("mail", *words, stdout=out)
    return out.getvalue()


def test_the_operator_lists_and_prints_what_was_not_sent(acme: Company) -> None:
    assert "Nothing" in said()
    ours, nobodys = write(acme.organization), write(None, kind="password_reset")
    listed = said()
    assert str(ours.public_id) in listed
    assert str(nobodys.public_id) in listed
    assert "invitations/abc" not in listed
    for mail in (ours, nobodys):
        assert LINK in said(str(mail.public_id))
    [shown] = AuditEvent.unscoped.filter(action="mail.link_shown")
    assert (shown.organization_id, shown.actor_kind) == (acme.organization.pk, "system")
    with pytest.raises(CommandError, match="No such mail"):
        said("00000000-0000-0000-0000-000000000000")


# --- settings -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "sender", "words"),
    [
        ("smtp+tls://u:p@mail.test:587", "", "MAIL_FROM"),
        ("smtp://u:p@mail.test:25", "a@acme.test", "unencrypted"),
        ("consolemail://", "a@acme.test", "must begin with smtp"),
        ("smtp+tls://u:p@mail.test:587", "a@acme.test", ""),
        ("smtp://127.0.0.1:25", "a@acme.test", ""),
    ],
)
def test_a_mail_server_that_cannot_be_meant_stops_the_start(
    url: str, sender: str, words: str
) -> None:
    code = "from lastmile import settings as s; print(s.SENDS_MAIL, s.EMAIL_HOST, s.EMAIL_USE_TLS)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "SECRET_KEY": "x" * 40,
            "EMAIL_URL": url,
            "MAIL_FROM": sender,
            "LASTMILE_DATA": "/nonexistent",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if words:
        assert words in done.stderr
        assert done.returncode != 0
    else:
        assert done.stdout.split()[0] == "True", done.stderr


# --- words --------------------------------------------------------------------------------------
def kinds_in_the_code() -> set[str]:
    """What stands behind `kind=` wherever a mail is written: a text, or a name of the module."""
    found = set()
    for file in python_files():
        for call in calls(syntax_of(file)):
            said = next((word.value for word in call.keywords if word.arg == "kind"), None)
            if dotted(call.func) != "NewMail" or said is None:
                continue
            if isinstance(said, ast.Constant):
                found.add(str(said.value))
            else:
                module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                found.add(str(getattr(import_module(module), dotted(said), RESET)))
    return found


def test_every_kind_of_mail_has_its_words() -> None:
    assert kinds_in_the_code() == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_back_with_its_link(
    kind: str, acme: Company, server: MailServer
) -> None:
    deliver_mail(write(acme.organization, kind=kind).pk)
    html = server.arrived[0].get_body(("html",))
    assert html is not None
    assert f"<b>{KINDS[kind].button}</b>" in html.get_content()
    assert "invitations/abc" in html.get_content()


def test_a_link_leaves_its_place_in_the_words() -> None:
    assert without_link("Go to https://a and https://a.", "https://a") == (
        f"Go to {LINK_PLACE} and {LINK_PLACE}."
    )
    assert without_link("Hello\n", "https://a") == f"Hello\n\n{LINK_PLACE}"
    assert without_link("Hello", "") == "Hello"
    assert with_link(without_link("Go to https://a.", "https://a"), "https://a") == (
        "Go to https://a."
    )


def test_paragraphs_stand_between_empty_lines() -> None:
    assert paragraphs("One\ntwo\r\n\r\nthree\n\n\n") == ["One\ntwo", "three"]


def test_names_are_escaped_in_html_and_plain_in_text(acme: Company, server: MailServer) -> None:
    mail = write(acme.organization, text="Hello <b>O'Neil</b> & co", subject="<i>Hi</i>", link="")
    deliver_mail(mail.pk)
    text = server.arrived[0].get_body(("plain",))
    html = server.arrived[0].get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Hello <b>O'Neil</b> & co" in text.get_content()
    assert "<b>O" not in html.get_content()
    assert "<i>" not in html.get_content()
    assert "http" not in re.sub(r"http-equiv", "", html.get_content())
