"""docs/settings.md says what can be set."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from docs.docpages import column, section, tables, text
from pkgindex import config
from pkgindex.config import ENVIRONMENT, MEANING, Settings

PAGE = "settings.md"


def written(field: str, default: object) -> str:
    if default == "":
        return "see below" if field in ("index", "spool", "cache") else "none"
    return f"`{default:.12g}`" if isinstance(default, float) else f"`{default}`".lower()


def test_the_table_is_the_settings_with_their_defaults_variables_and_meanings() -> None:
    found = [tuple(row.values()) for row in tables(PAGE, "The settings")[0]]
    assert found == [
        (f"`{field}`", written(field, Settings._field_defaults[field]), f"`{ENVIRONMENT[field]}`", MEANING[field])
        for field in Settings._fields
    ]


def test_every_setting_has_a_meaning() -> None:
    assert list(MEANING) == list(Settings._fields)


def test_the_example_is_a_file_that_can_be_read(tmp_path: Path) -> None:
    example = text(PAGE).split("```toml\n")[1].split("```")[0]
    file = tmp_path / "pkgindex.toml"
    file.write_text(example, encoding="utf-8")
    found = config.load({config.CONFIG: str(file)})
    assert {name: getattr(found, name) for name in tomllib.loads(example)} == tomllib.loads(example)


@pytest.mark.parametrize("user", [0, 1000])
def test_the_places_are_those_where_things_are_looked_for(user: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    row = tables(PAGE, "Where index, spool and cache are")[0][bool(user)]
    homes = {"XDG_DATA_HOME": "/data", "XDG_STATE_HOME": "/state", "XDG_CACHE_HOME": "/cached"}
    said = {place: cell.strip("`") for place, cell in row.items() if place != "who runs it"}
    for name, home in homes.items():
        said = {place: cell.replace(f"${name}", home) for place, cell in said.items()}
    assert said == config.defaults_of_place({"HOME": "/home/ada", **homes})


def test_the_files_are_those_that_are_looked_for() -> None:
    said = section(PAGE, "The configuration file")
    for path in config.files({"HOME": "~"}):
        assert f"`{path}`" in said
    assert said.index(config.CONFIG) < said.index("XDG_CONFIG_HOME") < said.index("/etc/")
    assert column(PAGE, "The settings", "setting")[:2] == ["index", "spool"]
