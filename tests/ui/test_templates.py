"""What every template of the house must keep, read from the files."""

import re
from pathlib import Path

import pytest

from ui import icons

ROOT = Path(__file__).resolve().parents[2] / "templates"
TEMPLATES = sorted(ROOT.rglob("*.html"))
COMPONENTS = sorted((ROOT / "components").glob("*.html"))


def markup(path: Path) -> str:
    """The file without comments."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"{#.*?#}|{% comment .*?{% endcomment %}|<!--.*?-->", "", text, flags=re.DOTALL)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_page_passes_the_strict_content_policy(path: Path) -> None:
    text = markup(path)
    assert not re.search(r"\sstyle\s*=", text), "a style attribute: use a class of values.css"
    assert "<style" not in text
    assert not re.search(r"\s(hx-)?on[a-z:-]+\s*=\s*[\"']", text), "an inline handler"
    assert "javascript:" not in text
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, "an inline script"


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_page_loads_nothing_from_elsewhere(path: Path) -> None:
    assert not re.search(r"(src|href)=[\"'](https?:)?//", markup(path))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_icon_is_in_the_sprite(path: Path) -> None:
    text = markup(path)
    used = re.findall(r'{% icon "([^"]+)"', text) + re.findall(r'\sicon="([^"{]+)"', text)
    assert set(used) <= icons.names()


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_component_exists(path: Path) -> None:
    used = set(re.findall(r"<c-([a-z-]+)", markup(path))) - {"vars", "slot"}
    missing = [
        name for name in used if not (ROOT / f"components/{name.replace('-', '_')}.html").exists()
    ]
    assert not missing


@pytest.mark.parametrize("path", COMPONENTS, ids=named)
def test_a_component_begins_with_a_comment_on_its_attributes(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("{# ")
    declared = " ".join(re.findall(r"<c-vars(.*?)/>", "\n".join(lines), flags=re.DOTALL))
    for name in re.findall(r":?([a-z]+)=", declared):
        assert name in lines[0], f"{name} is declared and not explained"
