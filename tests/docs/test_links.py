"""What the documents point to is there: files, headings, modules, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.docpages import DOCS, PROJECT, without_fences

PAGES = sorted([PROJECT / "README.md", *DOCS.rglob("*.md")])
# Written by tools, and not there before they ran.
MADE = {DOCS / "commands.md", DOCS / "benchmarks.md"}

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:pkgindex|tests|tools|docs)/[\w./-]*)`")


def name(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in links."""
    headings = re.findall(r"^#+ (.+)$", without_fences(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    missing = []
    for link in _LINK.findall(without_fences(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if path in MADE and not path.exists():
            continue
        if not path.exists() or (anchor and anchor not in anchors(path)):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_of_this_project_that_is_named_is_there(page: Path) -> None:
    named = {PROJECT / path for path in _PATH.findall(page.read_text(encoding="utf-8"))}
    assert [name(path) for path in sorted(named) if not path.exists() and path not in MADE] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_is_named_is_one(page: Path) -> None:
    from pkgindex.cli.catalog import COMMANDS

    words = {command.split(" ")[0] for command in COMMANDS}
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^[$ ] *|`)pkgindex (?:--(?:index|spool) \S+ )*([a-z]+)", text, re.MULTILINE))
    # The first line of a file, as format.md and `head -1` show it, is no command.
    assert named - words - {"help"} == set()


def test_every_page_is_reached_from_the_readme_or_another_page() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in _LINK.findall(page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", link)
    }
    folders = {path for path in linked if path.is_dir()}
    lost = [name(page) for page in PAGES if page not in linked and page.parent not in folders and page.name != "README.md"]
    assert lost == []
