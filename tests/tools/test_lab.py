"""A lab, and a short battery on it: real NFS clients, where this machine lets us have them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

import debian_packages
from docs.docpages import PROJECT, text
from lab import parts, place, words
from lab.battery.nfs import Nfs
from lab.battery.scenes import SCENES
from lab.battery.table import BEGIN, END, HEADS, with_rows
from lab.gluster import Gluster

TOOL = str(PROJECT / "tools" / "dev.py")


def reason_against() -> str:
    if reason := parts.reason_against(parts.TUN):
        return reason
    packages = debian_packages.missing(parts.NFS)
    if packages and not debian_packages.allowed():
        return f"a lab needs {debian_packages.line(packages)}"
    return ""


def test_every_word_is_told_in_the_help() -> None:
    told = words.__doc__ or ""
    assert all(f"{word} " in told for word in words.WORDS)


def test_what_is_missing_is_named() -> None:
    assert parts.reason_against("/dev/none") != ""
    if os.geteuid() == 0 and sys.platform == "linux" and platform.machine() == "x86_64":
        assert "/dev/none" in parts.reason_against("/dev/none") and not parts.reason_against("/dev/null")


def test_each_host_has_an_address_of_its_own() -> None:
    names = ["srv", *(f"c{number}" for number in range(1, 20))]
    assert len({place.address(name) for name in names}) == len(names)


def test_the_page_has_a_place_for_the_table() -> None:
    page = text("reliability.md")
    assert page.count(BEGIN) == page.count(END) == 1 and page.index(BEGIN) < page.index(END)


def test_every_scene_is_another_line_of_the_table() -> None:
    assert len({scene.story for scene in SCENES.values()}) == len(SCENES)


def test_a_row_takes_the_place_of_the_one_that_said_the_same_earlier() -> None:
    def row(name: str, scene: str, publishes: str) -> list[str]:
        return [name, SCENES[scene].story, publishes, *["0"] * (len(HEADS) - 3)]

    page = f"# Page\n\n{BEGIN}\n{END}\n\nand more\n"
    first = with_rows(page, [row("NFSv4.2", "calm", "1"), row("NFSv3", "cut", "2")])
    again = with_rows(first, [row("NFSv4.2", "calm", "3"), row("GlusterFS", "calm", "4")])
    assert first.startswith("# Page\n") and again.endswith("\n\nand more\n")
    told = [[cell.strip() for cell in line.split("|")[1:4]] for line in again.splitlines() if line.startswith("|")][2:]
    assert told == [["NFSv3", SCENES["cut"].story, "2"], ["NFSv4.2", SCENES["calm"].story, "3"],
                    ["GlusterFS", SCENES["calm"].story, "4"]]


def test_no_clock_is_set_that_is_this_machines() -> None:
    assert Nfs("n3").clocks and not Gluster().clocks
    assert [name for name, scene in SCENES.items() if scene.sets_clocks] == ["clocks"]


@pytest.mark.slow
@pytest.mark.skipif(bool(reason_against()), reason=reason_against())
def test_nothing_is_wrong_on_nfs_while_the_server_loses_power() -> None:
    up = subprocess.run([sys.executable, TOOL, "lab", "up", "1"], capture_output=True, text=True, check=False)
    if up.returncode:
        # Not every host lets another kernel run as a process: what it says is the reason.
        pytest.skip(f"no lab comes up on this machine: {(up.stderr or up.stdout).strip()[-300:]}")
    subprocess.run([sys.executable, TOOL, "lab", "down"], check=True)
    done = subprocess.run(
        [sys.executable, TOOL, "lab", "battery", "--fs", "n3,n4", "--scenes", "everybody,server", "--minutes", "2"],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
