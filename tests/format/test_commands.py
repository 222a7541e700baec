from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.format import commands as lists
from pkgindex.format.commands import LETTERS, NAME_CHARACTERS_MAX, Commands, Row, decode, encode, one_step, steps

names = st.text(alphabet="abc-", min_size=1, max_size=7)
odd = st.text(st.characters(codec="utf-8", exclude_characters="\t\n"), min_size=1, max_size=3) | st.just("a\udce9\r")
directories = st.sampled_from(["/usr/bin", "/o\udcff"])
rows = st.lists(st.tuples(names | odd, st.sampled_from(["x", "lib+x", "é"]), directories, st.booleans()))


def made(found: list[Row]) -> Commands:
    commands = decode(encode("debian", 7, "rpm", found), "debian", 7)
    assert commands is not None
    return commands


def one_by_one(one: str, other: str) -> int:
    """The steps between two names, worked out as they are defined."""
    if not one or not other:
        return len(one) + len(other)
    found = [one_by_one(one[1:], other) + 1, one_by_one(one, other[1:]) + 1,
             one_by_one(one[1:], other[1:]) + (one[0] != other[0])]
    if one[:2] == other[:2][::-1] and len(one) > 1 < len(other):
        found.append(one_by_one(one[2:], other[2:]) + 1)
    return min(found)


@given(rows, names | odd)
def test_a_command_is_found_with_all_its_packages_and_no_other(found: list[Row], name: str) -> None:
    commands = made(found)
    assert sorted(commands.named(name)) == sorted({row for row in found if row[0] == name})
    assert commands.names() == {row[0] for row in found}
    assert (commands.repo, commands.generation, commands.ordering) == ("debian", 7, "rpm")


@given(st.text(alphabet="abc", max_size=4), st.text(alphabet="abc", max_size=4), st.integers(0, 4))
def test_steps_are_counted_as_they_are_defined(one: str, other: str, most: int) -> None:
    true, counted = one_by_one(one, other), steps(one, other, most)
    assert counted == true if true <= most else counted > most


@given(names, names)
def test_what_one_slip_makes_is_all_that_is_one_step_away(one: str, other: str) -> None:
    assert (other in one_step(one)) == (steps(one, other, 1) == 1)


@given(st.lists(names, max_size=12), names, st.sampled_from([0, lists.SOUGHT_BYTES_MIN]))
def test_near_are_those_one_step_away_or_else_two(known: list[str], name: str, sought: int) -> None:
    with patch.object(lists, "SOUGHT_BYTES_MIN", sought):
        found = made([(other, "x", "/bin", False) for other in known]).near(name)
    away = {other: one_by_one(name, other) for other in known}
    nearest = {other for other, far in away.items() if far == 1}
    second = {other for other, far in away.items() if far == 2} if len(name) > 4 else set()
    assert {row[0] for _, row in found} == (nearest or second)
    assert all(far == away[row[0]] for far, row in found)


def test_a_line_that_is_none_is_left_out_and_a_word_longer_than_any_name_is_near_nothing() -> None:
    listed = made([("a\tb", "x", "/bin", False), ("c\nd", "x", "/bin", False), ("e", "x", "/bin", True)])
    assert listed.names() == {"e"}
    assert listed.near("e" * (NAME_CHARACTERS_MAX + 1)) == []


@pytest.mark.parametrize("repo, generation", [("debian", 8), ("debia", 7), ("debian-2", 7)])
def test_the_list_of_another_generation_is_none(repo: str, generation: int) -> None:
    assert decode(encode("debian", 7, "debian", []), repo, generation) is None


def test_a_list_cut_short_anywhere_is_none() -> None:
    data = encode("debian", 7, "debian", [("ls", "coreutils", "/usr/bin", True), ("rg", "ripgrep", "/usr/bin", False)])
    assert decode(data, "debian", 7) is not None
    assert [length for length in range(len(data)) if decode(data[:length], "debian", 7)] == []
    assert decode(data + b"more\n", "debian", 7) is None


def test_commands_are_spelled_with_letters_that_are_looked_for() -> None:
    assert len(set(LETTERS)) == len(LETTERS)
    assert set("g++ 7z x86_64-linux-gnu-gcc-12 perl5.36 MAKEDEV".replace(" ", "")) <= set(LETTERS)
