"""The map in docs/architecture.md shows every room and module, and no other."""

from __future__ import annotations

import tomllib

from docs.docpages import PROJECT, column, section, tables, text

PAGE = "architecture.md"
CODE = PROJECT / "pkgindex"
# One file a command: docs/commands.md is their list.
TOGETHER = "cli/commands/"


def rooms() -> list[str]:
    return sorted(f"{path.parent.relative_to(CODE)}/" for path in CODE.glob("*/__init__.py"))


def modules() -> list[str]:
    found = {str(path.relative_to(CODE)) for path in CODE.rglob("*.py") if path.name != "__init__.py"}
    return sorted({TOGETHER if name.startswith(TOGETHER) else name for name in found})


def test_every_room_is_on_the_map_and_no_other() -> None:
    assert sorted(column(PAGE, "Rooms", "folder")) == rooms()


def test_every_module_is_on_the_map_under_its_room_and_no_other() -> None:
    headings = ["The package itself", *[room.rstrip("/") for room in rooms()]]
    found = {heading: column(PAGE, heading, "file") for heading in headings}
    assert sorted(name for names in found.values() for name in names) == modules()
    for heading in headings[1:]:
        assert all(name.startswith(f"{heading}/") for name in found[heading])


def test_every_room_says_what_it_owns_and_what_it_must_not() -> None:
    assert all(row["owns"] and row["must not"] for row in tables(PAGE, "Rooms")[0])


def test_the_invariants_are_numbered_and_say_where_they_are_kept() -> None:
    rows = [list(row.values()) for row in tables(PAGE, "Invariants")[0]]
    assert [row[0] for row in rows] == [str(number) for number in range(1, 13)]
    assert all(len(row) == 3 and row[2] for row in rows)


def test_the_layers_are_those_that_the_import_contract_holds() -> None:
    contract = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0]
    assert f"    {' > '.join(contract['layers'])}\n" in text(PAGE)


def test_writing_and_reading_are_told_in_ten_steps_each() -> None:
    for heading in ("How writing works", "How reading works"):
        steps = [line for line in section(PAGE, heading).splitlines() if line[:1].isdigit()]
        assert [step.split(".")[0] for step in steps] == [str(number) for number in range(1, 11)]
