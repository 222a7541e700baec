"""By the format that apk-tools documents; there is no apk on the systems that these tests run on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkgindex.errors import NotFound, Rejected
from pkgindex.sources.hosts.apk import ApkDatabase
from sources.hosts.databases import packages

INSTALLED = """\
C:Q1vyxdXoPPHOUJmhFqhNXDPgVPkJY=
P:musl
V:1.2.4_git20230717-r4
A:x86_64
S:407014
I:655360
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo <timo@example.org>
t:1699267664
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1yX6VXwPzN5y9bbrFNM1MJ/nuN0M=
R:libc.musl-x86_64.so.1
F:etc
F:etc/empty
M:0:0:700

P:busybox
V:1.36.1-r15
A:x86_64
D:so:libc.musl-x86_64.so.1 ca-certificates>=2023~ !uclibc python3~3.11
p:cmd:busybox=1.36.1-r15 /bin/sh
r:busybox-initscripts
i:alpine-base musl=1.2
F:
R:init
F:bin
R:busybox

"""


def host(root: Path, installed: str = INSTALLED, world: str = "busybox>1 foo@edge\n", place: str = "lib/apk/db") -> ApkDatabase:
    (root / place).mkdir(parents=True, exist_ok=True)
    (root / place / "installed").write_text(installed)
    (root / "etc/apk").mkdir(parents=True, exist_ok=True)
    (root / "etc/apk/world").write_text(world)
    return ApkDatabase(str(root))


@pytest.mark.parametrize("place", ["lib/apk/db", "usr/lib/apk/db"])
def test_what_is_installed_is_read_with_its_files(tmp_path: Path, place: str) -> None:
    busybox, musl = packages(host(tmp_path, place=place))
    (release,) = musl.releases
    assert (release.version, release.architecture) == ("1.2.4_git20230717-r4", "x86_64")
    assert release.fields["summary"].startswith("the musl c library") and release.fields["installed-size"] == "640"
    assert (release.fields["installed"], release.fields["requested"]) == ("true", "false")
    assert "installed-at" not in release.fields, "apk does not say"
    assert musl.files == {"x86_64": [b"/etc/empty", b"/lib/ld-musl-x86_64.so.1", b"/lib/libc.musl-x86_64.so.1"]}
    assert busybox.files == {"x86_64": [b"/bin/busybox", b"/init"]}
    assert busybox.releases[0].fields["requested"] == "true"


def test_what_it_needs_and_provides_is_told_by_kind(tmp_path: Path) -> None:
    busybox, _ = packages(host(tmp_path))
    written = {
        kind: [alternative.written for relation in relations for alternative in relation]
        for kind, relations in busybox.releases[0].relations.items() if relations
    }
    assert written == {
        "depends": ["so:libc.musl-x86_64.so.1", "ca-certificates (>= 2023~)", "python3 (>= 3.11)"],
        "conflicts": ["uclibc"],
        "enhances": ["alpine-base", "musl (= 1.2)"],
        "provides": ["cmd:busybox (= 1.36.1-r15)", "/bin/sh"],
        "replaces": ["busybox-initscripts"],
    }


def test_a_record_without_a_name_is_a_trouble_and_a_torn_file_is_refused(tmp_path: Path) -> None:
    look = host(tmp_path, f"V:1\nA:x\n\n{INSTALLED}").look()
    assert list(look.packages) == ["busybox", "musl"] and [trouble.package for trouble in look.troubles] == [""]
    with pytest.raises(Rejected, match="ends inside a line"):
        host(tmp_path, INSTALLED[:-8]).look()
    with pytest.raises(NotFound, match="--root"):
        ApkDatabase(str(tmp_path / "nowhere")).state()
