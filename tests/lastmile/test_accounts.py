"""Whose account the servers run as. What only root meets is told as facts of the machine."""

import os
import pwd
import stat
from pathlib import Path

import pytest

from lastmile.embedded import accounts
from lastmile.embedded.errors import EmbeddedError

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    for name in ("LASTMILE_OS_USER", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)


def test_an_ordinary_user_runs_the_servers_as_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert accounts.choose(data=tmp_path, programs=tmp_path) == accounts.Account(1000, os.getgid())


@pytest.mark.usefixtures("as_root")
def test_root_hands_over_to_an_account_that_can_reach_both_folders() -> None:
    chosen = accounts.choose(data=Path("/"), programs=Path("/"))
    assert (chosen.uid, chosen.changed, chosen.namespace) == (NOBODY.pw_uid, True, False)


@pytest.mark.usefixtures("as_root")
def test_an_account_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTMILE_OS_USER", "no-such-account")
    with pytest.raises(EmbeddedError, match="LASTMILE_OS_USER=no-such-account"):
        accounts.choose(data=Path("/"), programs=Path("/"))


@pytest.mark.usefixtures("as_root")
def test_behind_a_closed_folder_root_gets_a_namespace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(accounts, "namespaces_work", lambda: True)
    assert accounts.choose(data=closed, programs=Path("/")).namespace
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.usefixtures("as_root")
def test_without_any_way_the_message_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(accounts, "namespaces_work", lambda: False)
    with pytest.raises(EmbeddedError, match=str(closed)):
        accounts.choose(data=closed, programs=Path("/"))
