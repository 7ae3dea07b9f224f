"""dev.py: what it decides before it starts anything."""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """dev.py beside a throw-away environment whose pip only notes that it was asked."""
    found = importlib.util.spec_from_file_location("dev_under_test", ROOT / "dev.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    (tmp_path / "base.txt").write_text("one==1\n")
    (tmp_path / "test.txt").write_text("one==1\ntwo==2\n")
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    python.chmod(0o755)
    names = {"VENV": tmp_path, "STAMP": tmp_path / ".stamp", "PYTHON": python}
    locks = {"BASE": tmp_path / "base.txt", "TEST": tmp_path / "test.txt"}
    for name, value in (names | locks).items():
        monkeypatch.setattr(module, name, value)
    return module


def installs(dev: ModuleType) -> int:
    calls = dev.VENV / "calls"
    return calls.read_text().count("pip install") if calls.exists() else 0


def test_an_installed_lock_is_not_installed_again(dev: ModuleType) -> None:
    dev.prepare(dev.BASE)
    dev.prepare(dev.BASE)
    assert installs(dev) == 1
    assert dev.STAMP.read_text().split() == [hashlib.sha256(dev.BASE.read_bytes()).hexdigest()]


def test_only_locked_and_hashed_wheels_are_installed(dev: ModuleType) -> None:
    dev.prepare(dev.BASE)
    asked = (dev.VENV / "calls").read_text()
    assert "--require-hashes --only-binary :all:" in asked


def test_an_environment_for_tests_also_serves_the_site(dev: ModuleType) -> None:
    dev.prepare(dev.TEST)
    dev.prepare(dev.BASE)
    assert installs(dev) == 1


def test_a_changed_lock_is_installed(dev: ModuleType) -> None:
    dev.prepare(dev.BASE)
    dev.BASE.write_text("one==2\n")
    dev.prepare(dev.BASE)
    assert installs(dev) == 2


def test_an_installation_cut_short_does_not_look_whole(dev: ModuleType) -> None:
    dev.prepare(dev.BASE)
    dev.PYTHON.write_text('#!/bin/sh\ncase "$*" in *install*) exit 1;; esac\n')
    dev.BASE.write_text("one==2\n")
    with pytest.raises(SystemExit, match="could not be installed"):
        dev.prepare(dev.BASE)
    assert not dev.STAMP.exists()


def test_a_browser_that_cannot_be_had_is_an_error_in_ci_only(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    monkeypatch.delenv("LASTMILE_CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    assert dev.browser() == ""
    assert "SKIPPED" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match="No Chromium"):
        dev.browser()


def test_an_old_python_is_sent_away_with_advice(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev.sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11"):
        dev.check_machine()


def test_an_unknown_word_prints_the_ways_in() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "dev.py"), "dmeo"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "demo" in done.stdout
