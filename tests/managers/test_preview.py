"""What `preview` says before, and what the real dpkg does then."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from managers.roots import DpkgRoot, run
from pkgindex.cli.main import main
from pkgindex.config import Settings
from pkgindex.model.paths import shown
from pkgindex.query.index import Index
from pkgindex.query.unpacking.preview import Preview, Previews
from pkgindex.service.sync import sync
from pkgindex.sources.deb import read_archive
from pkgindex.sources.hosts.dpkg import DpkgDatabase
from pkgindex.sources.hosts.tree import Tree

OVERWRITE = re.compile(r"trying to overwrite (?:directory )?'(?P<path>[^']*)',? (?:which is also )?"
                       r"in package (?P<other>\S+) (?P<version>\S+)")


class Deb(NamedTuple):
    """A package to build; a path that ends with a slash is an empty directory, one with ` -> ` a link."""

    name: str
    version: str
    paths: tuple[str, ...]
    fields: tuple[tuple[str, str], ...] = ()
    conffiles: tuple[str, ...] = ()


class Done(NamedTuple):
    """What a run of dpkg came to: the packages it refused, and the overwriting that it named first for each."""

    refused: set[str]
    overwriting: dict[str, tuple[str, str, str]]


class Host(DpkgRoot):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.settings = Settings(index=str(root / "index"), spool=str(root / "spool"))
        self.dpkg("--install", str(self.made(Deb("base", "1", ("/usr/bin/base", "/usr/share/base", "/srv/base")))))

    def made(self, deb: Deb) -> Path:
        """*deb*, built."""
        tree = self._work / f"{deb.name}-{deb.version}"
        (tree / "DEBIAN").mkdir(parents=True)
        said = {"Package": deb.name, "Version": deb.version, "Architecture": "all", "Maintainer": "Joe <joe@example.org>",
                "Description": "tiny", **dict(deb.fields)}
        (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in said.items()))
        if deb.conffiles:
            (tree / "DEBIAN/conffiles").write_text("".join(f"{path}\n" for path in deb.conffiles))
        for path in (*deb.paths, *deb.conffiles):
            path, _, target = path.partition(" -> ")
            place = tree / path.strip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if target:
                place.symlink_to(target)
            elif path.endswith("/"):
                place.mkdir(exist_ok=True)
            else:
                place.write_text(f"{deb.name} {deb.version}\n")
        package = self._work / f"{deb.name}_{deb.version}.deb"
        run("dpkg-deb", "--root-owner-group", "-Znone", "-b", str(tree), str(package))
        shutil.rmtree(tree)
        return package

    def dpkg(self, *arguments: str) -> Done:
        """Run dpkg, which may refuse."""
        done = subprocess.run(
            ["dpkg", f"--root={self.root}", "--force-not-root", "--force-script-chrootless", f"--log={self._work}/log",
             *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
        )
        refused, overwriting = set(), {}
        for said in done.stdout.split("dpkg: error processing archive ")[1:]:
            name = said.split(" (--")[0].rpartition("/")[2].partition("_")[0]
            refused.add(name)
            if found := OVERWRITE.search(said):
                overwriting[name] = found.group("path", "other", "version")
        assert done.returncode in (0, 1) and bool(done.returncode) == bool(refused), done.stdout
        return Done(refused, overwriting)

    def previewed(self, debs: Sequence[Path], **more: Any) -> list[Preview]:
        sync(self.settings, DpkgDatabase(str(self.root)), "host")
        with Index(self.settings.index) as index:
            previews = Previews(index.snapshot("host"), Tree(str(self.root)), **more)
            return [previews.unpack(read_archive(str(deb))) for deb in debs]


def compare(root: Path, before: Sequence[Deb], after: Sequence[Deb], *options: str) -> list[Preview]:
    """What is said of *after*, having seen that dpkg does just that where *before* is installed."""
    host = Host(root)
    for deb in before:
        host.dpkg("--force-depends", "--force-breaks", "--install", str(host.made(deb)))
    debs = [host.made(deb) for deb in after]
    known = host.listed()
    said = host.previewed(debs, deconfigures="--auto-deconfigure" in options)
    done = host.dpkg(*options, "--unpack", *map(str, debs))
    if any(found.kind == "removes" for preview in said if preview.refused for found in preview.findings):
        return said  # dpkg does not forget what it meant to remove for a package that it then refused
    assert {preview.package for preview in said if preview.refused} == done.refused, (before, after, said)
    for preview in said:
        if preview.package in done.overwriting:
            findings = [found for found in preview.findings if found.kind == "overwrites"]
            named = {(shown(found.path), found.package, found.version) for found in findings}
            assert done.overwriting[preview.package] in named, (before, after, said)
    assert _versions(host.listed()) == _expected(known, said), (before, after, said)
    return said


def _versions(listed: dict[str, tuple[set[str], set[str]]]) -> dict[str, set[str]]:
    return {name: versions for name, (versions, _) in listed.items()}


def _expected(known: dict[str, tuple[set[str], set[str]]], said: list[Preview]) -> dict[str, set[str]]:
    found = _versions(known)
    for preview in said:
        if not preview.refused:
            for finding in preview.findings:
                if finding.kind in ("removes", "disappears"):
                    found.pop(finding.package, None)
            found[preview.package] = {preview.version}
    return found


def kinds(said: list[Preview]) -> list[tuple[str, str, str, str]]:
    return [(preview.package, found.kind, shown(found.path), found.package) for preview in said for found in preview.findings]


A1 = Deb("a", "1", ("/usr/bin/x", "/usr/share/a/doc"))
STORIES: dict[str, tuple[list[Deb], list[Deb], list[tuple[str, str, str, str]]]] = {
    "a file of another package": ([A1], [Deb("b", "1", ("/usr/bin/x",))], [("b", "overwrites", "/usr/bin/x", "a")]),
    "two of one run": ([], [A1, Deb("b", "1", ("/usr/bin/x",))], [("b", "overwrites", "/usr/bin/x", "a")]),
    "a file that moved, unpacked first": (
        [A1], [Deb("a", "2", ("/usr/share/a/doc",)), Deb("b", "1", ("/usr/bin/x",))], []),
    "a file that moved, unpacked too early": (
        [A1], [Deb("b", "1", ("/usr/bin/x",)), Deb("a", "2", ("/usr/share/a/doc",))], [("b", "overwrites", "/usr/bin/x", "a")]),
    "Replaces": ([A1], [Deb("b", "1", ("/usr/bin/x",), (("Replaces", "a"),))], [("b", "takes", "/usr/bin/x", "a")]),
    "Replaces of older versions": (
        [A1], [Deb("b", "1", ("/usr/bin/x",), (("Replaces", "a (<< 1)"),))], [("b", "overwrites", "/usr/bin/x", "a")]),
    "Replaces of what is only provided": (
        [Deb("a", "1", ("/usr/bin/x",), (("Provides", "v"),))], [Deb("b", "1", ("/usr/bin/x",), (("Replaces", "v"),))],
        [("b", "overwrites", "/usr/bin/x", "a")]),
    "replaced by what is installed": (
        [Deb("a", "1", ("/usr/bin/x",), (("Replaces", "b"),))], [Deb("b", "1", ("/usr/bin/x",))],
        [("b", "leaves", "/usr/bin/x", "a")]),
    "what was taken is the other's no more": (
        [A1], [Deb("b", "1", ("/usr/bin/x",), (("Replaces", "a"),)), Deb("c", "1", ("/usr/bin/x",), (("Replaces", "b"),))],
        [("b", "takes", "/usr/bin/x", "a"), ("c", "takes", "/usr/bin/x", "b"), ("c", "disappears", "", "b")]),
    "Conflicts": ([A1], [Deb("b", "1", ("/usr/bin/b",), (("Conflicts", "a"),))], [("b", "conflicts", "", "a")]),
    "Conflicts of another version": ([A1], [Deb("b", "1", ("/usr/bin/b",), (("Conflicts", "a (>> 1)"),))], []),
    "Conflicts with what is provided": (
        [Deb("a", "1", ("/usr/bin/x",), (("Provides", "v"),))],
        [Deb("b", "1", ("/usr/bin/b",), (("Conflicts", "v"), ("Provides", "v")))], [("b", "conflicts", "", "a")]),
    "Conflicts of what is installed": (
        [Deb("a", "1", ("/usr/bin/x",), (("Conflicts", "b"),))], [Deb("b", "1", ("/usr/bin/b",))],
        [("b", "conflicts", "", "a")]),
    "Conflicts and Replaces": (
        [A1], [Deb("b", "1", ("/usr/bin/x",), (("Conflicts", "a"), ("Replaces", "a")))], [("b", "removes", "", "a")]),
    "Breaks": ([A1], [Deb("b", "1", ("/usr/bin/b",), (("Breaks", "a (<< 2)"),))], [("b", "breaks", "", "a")]),
    "Breaks what is upgraded before": (
        [A1], [Deb("a", "2", ("/usr/bin/x",)), Deb("b", "1", ("/usr/bin/b",), (("Breaks", "a (<< 2)"),))], []),
    "a directory where a file is": (
        [A1], [Deb("b", "1", ("/usr/bin/x/y",))], [("b", "overwrites", "/usr/bin/x", "a")]),
    "a file where a directory is": (
        [Deb("a", "1", ("/srv/d/x",))], [Deb("b", "1", ("/srv/d",))], [("b", "overwrites", "/srv/d", "a")]),
    "a directory that is shared": (
        [Deb("a", "1", ("/srv/d/",))], [Deb("b", "1", ("/srv/d/", "/srv/more"))], [("b", "disappears", "", "a")]),
    "a directory that is one of several": ([Deb("a", "1", ("/srv/d/", "/srv/a"))], [Deb("b", "1", ("/srv/d/",))], []),
    "what disappears is needed": (
        [Deb("a", "1", ("/srv/a",)), Deb("c", "1", ("/srv/c",), (("Depends", "a"),))],
        [Deb("b", "1", ("/srv/a",), (("Replaces", "a"),))], [("b", "takes", "/srv/a", "a")]),
    "what disappears is provided": (
        [Deb("a", "1", ("/srv/a",)), Deb("c", "1", ("/srv/c",), (("Depends", "a"),))],
        [Deb("b", "1", ("/srv/a",), (("Replaces", "a"), ("Provides", "a")))],
        [("b", "takes", "/srv/a", "a"), ("b", "disappears", "", "a")]),
    "a link where a directory is": ([Deb("a", "1", ("/srv/d/x",))], [Deb("b", "1", ("/srv/d -> e",))], []),
    "two links to one directory": (
        [Deb("a", "1", ("/srv/e/x", "/srv/d -> e"))], [Deb("b", "1", ("/srv/d -> /srv/e",)), Deb("c", "1", ("/srv/d -> f",))],
        [("c", "overwrites", "/srv/d", "a"), ("c", "overwrites", "/srv/d", "b")]),
}


@pytest.mark.parametrize("story", STORIES)
def test_what_is_said_is_what_dpkg_does(story: str, tmp_path: Path) -> None:
    before, after, expected = STORIES[story]
    assert kinds(compare(tmp_path, before, after)) == expected


def test_apt_lets_dpkg_deconfigure_what_a_package_breaks(tmp_path: Path) -> None:
    said = compare(tmp_path, [A1], [Deb("b", "1", ("/usr/bin/b",), (("Breaks", "a (<< 2)"),))], "--auto-deconfigure")
    assert kinds(said) == [("b", "breaks", "", "a")] and not said[0].refused


def test_an_upgrade_says_what_comes_and_what_goes(tmp_path: Path) -> None:
    (said,) = compare(tmp_path, [A1], [Deb("a", "2", ("/usr/bin/x", "/usr/bin/y"))])
    assert (said.before, said.version, said.adds, said.again, said.drops) == (
        "1", "2", (b"/usr/bin/y",), (b"/usr/bin/x",), (b"/usr/share/a/doc",))


def test_configuration_that_was_left_behind_or_is_obsolete_is_taken_over(tmp_path: Path) -> None:
    host = Host(tmp_path)
    before = [Deb("gone", "1", (), (), ("/etc/gone.conf",)), Deb("old", "1", (), (), ("/etc/old.conf",)),
              Deb("old", "2", ("/usr/bin/old",))]
    for deb in before:
        host.dpkg("--install", str(host.made(deb)))
    run("dpkg", f"--root={host.root}", "--force-not-root", f"--log={tmp_path}/log", "--remove", "gone",
        PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    debs = [host.made(Deb("b", "1", (), (), ("/etc/gone.conf", "/etc/old.conf"))), host.made(Deb("c", "1", ("/etc/old.conf",)))]
    first, second = host.previewed(debs)
    assert kinds([first, second]) == [("c", "overwrites", "/etc/old.conf", "old"), ("c", "overwrites", "/etc/old.conf", "b")]
    assert host.dpkg("--unpack", *map(str, debs)).refused == {"c"}


@pytest.mark.parametrize("local", [False, True])
def test_a_diverted_file_is_no_conflict_with_its_diverter(local: bool, tmp_path: Path) -> None:
    host = Host(tmp_path)
    for_whom = ["--local"] if local else ["--package", "wrapper"]
    run("dpkg-divert", "--root", str(host.root), "--quiet", "--no-rename", "--add", *for_whom,
        "--divert", "/usr/bin/x.real", "/usr/bin/x", PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    host.dpkg("--install", str(host.made(A1)))
    debs = [host.made(Deb("wrapper", "1", ("/usr/bin/x",))), host.made(Deb("b", "1", ("/usr/bin/x",)))]
    said = host.previewed(debs)
    assert {preview.package for preview in said if preview.refused} == host.dpkg("--unpack", *map(str, debs)).refused
    assert [preview.refused for preview in said] == [local, True]
    assert ("b", "diverted", "/usr/bin/x", ":" if local else "wrapper") in kinds(said)


def test_a_file_under_another_name_is_hidden_and_dpkg_does_not_see_it(tmp_path: Path) -> None:
    host = Host(tmp_path)
    (host.root / "bin").symlink_to("usr/bin")
    host.dpkg("--install", str(host.made(Deb("a", "1", ("/bin/x",)))))
    deb = host.made(Deb("b", "1", ("/usr/bin/x",)))
    assert kinds(host.previewed([deb])) == [("b", "hides", "/usr/bin/x", "a")]
    assert host.dpkg("--unpack", str(deb)).refused == set()
    assert (host.root / "usr/bin/x").read_text() == "b 1\n"


def drawn(lot: random.Random, name: str, version: str) -> Deb:
    # No absolute links: with --root dpkg reads those that stand there as links of the host that it runs on.
    pool = ["/usr/bin/x", "/usr/bin/y", "/srv/d/", "/srv/d/x", "/srv/e", "/srv/l -> d", "/srv/l -> ../srv/d", "/srv/l -> e"]
    paths: list[str] = []
    for path in lot.sample(pool, lot.randint(1, 4)):
        taken = {found.partition(" -> ")[0].rstrip("/") for found in paths}
        if path.partition(" -> ")[0].rstrip("/") not in taken:
            paths.append(path)
    fields = []
    for field in ("Replaces", "Conflicts", "Breaks", "Provides"):
        if lot.random() < {"Replaces": 0.5, "Provides": 0.3}.get(field, 0.2):
            target = lot.choice([each for each in ("a", "b", "c", "v") if each != name])
            restricted = "" if field == "Provides" else lot.choice(["", " (<< 2)", " (>= 2)", " (= 1)"])
            fields.append((field, f"{target}{restricted}"))
    return Deb(name, version, tuple(paths), tuple(fields))


def random_runs(seed: int) -> tuple[list[Deb], list[Deb]]:
    lot = random.Random(seed)
    before = [drawn(lot, name, "1") for name in lot.sample("abc", lot.randint(0, 3))]
    # What has no file of its own would be gone by the next run of dpkg, whatever is unpacked then.
    before = [deb._replace(paths=(*deb.paths, f"/usr/share/{deb.name}")) for deb in before]
    after = [drawn(lot, name, "2") for name in lot.sample("abc", lot.randint(1, 3))]
    return before, after


@pytest.mark.parametrize("seed", range(6))
def test_what_is_said_of_random_packages_is_what_dpkg_does(seed: int, tmp_path: Path) -> None:
    compare(tmp_path, *random_runs(seed))


@pytest.mark.slow
@pytest.mark.parametrize("start", range(6, 306, 25))
def test_what_is_said_of_many_random_packages_is_what_dpkg_does(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + 25):
        compare(tmp_path / str(seed), *random_runs(seed))


SAID = """\
a 1 -> 2: files: 1 more, 1 again, 1 less
b none -> 1: files: 2 more; dpkg will refuse it
  overwrites /usr/bin/x of a 2, which it does not replace
c none -> 1: files: 2 more
  takes /usr/bin/x from a 2
"""


def test_the_command_says_it_in_lines_and_in_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    host = Host(tmp_path)
    host.dpkg("--install", str(host.made(A1)))
    debs = [host.made(Deb("a", "2", ("/usr/bin/x", "/usr/bin/new"))), host.made(Deb("b", "1", ("/usr/bin/x", "/usr/bin/b"))),
            host.made(Deb("c", "1", ("/usr/bin/x", "/usr/bin/c"), (("Replaces", "a"),)))]
    assert host.previewed([]) == []
    asked = ["preview", "--index", host.settings.index, "--repo", "host", "--root", str(host.root)]
    assert main([*asked, *map(str, debs)]) == 1
    assert capfd.readouterr().out == SAID
    assert main([*asked, "--json", "--files", str(debs[0])]) == 0
    (hit,) = json.loads(capfd.readouterr().out)["hits"]
    assert (hit["refused"], hit["adds"], hit["files"]) == (
        False, 1, {"adds": ["/usr/bin/new"], "again": ["/usr/bin/x"], "drops": ["/usr/share/a/doc"]})
    assert main([*asked, "--repo", "host", str(tmp_path / "nothing.deb")]) == 1


def test_a_job_of_apt_is_taken_step_by_step(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    host = Host(tmp_path)
    host.dpkg("--install", str(host.made(A1)))
    deb = host.made(Deb("b", "1", ("/usr/bin/x",), (("Breaks", "base"),)))
    job = tmp_path / "job"
    asked = ["preview", "--index", host.settings.index, "--repo", "host", "--root", str(host.root), "--job", str(job)]
    host.previewed([])
    for steps, code in (("a 1 all none > - - none **REMOVE**\n", 0), ("", 1)):
        job.write_text(f"VERSION 3\n\n{steps}b - - none < 1 all none {deb}\nb - - none < 1 all none **CONFIGURE**\n")
        assert main(asked) == code
    out = capfd.readouterr().out
    assert out.startswith("a 1 -> none: files: 2 less\nb none -> 1: files: 1 more\n  breaks base 1\nb none -> 1: files: 1")
    assert main([*asked, str(deb)]) == main([*asked[:-2]]) == 2


def test_without_a_disk_the_index_tells_what_it_can(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.dpkg("--install", str(host.made(A1)))
    debs = [host.made(Deb("b", "1", ("/usr/bin/x", "/usr/share/a/more"))), host.made(Deb("c", "1", ("/usr/share/a",)))]
    host.previewed([])
    with Index(host.settings.index) as index:
        previews = Previews(index.snapshot("host"))
        said = kinds([previews.unpack(read_archive(str(deb))) for deb in debs])
    assert said == [("b", "overwrites", "/usr/bin/x", "a"), ("c", "overwrites", "/usr/share/a", "a")]
