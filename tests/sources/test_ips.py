from __future__ import annotations

import io
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.errors import Incomplete, Rejected
from pkgindex.model.package import Alternative, Package, Release, Text
from pkgindex.model.thing import things
from pkgindex.sources import actions, fmri, ips
from pkgindex.sources.facts import Covers, Fact, Fault, Paths, Releases, Texts
from pkgindex.sources.ips import ARCHITECTURES_MAX, IpsManifest
from pkgindex.sources.limits import DEFAULT, Limits
from pkgindex.sources.names import Unreadable

GMAKE = rb"""
# GNU make
set name=pkg.fmri value=pkg://example/developer/build/gmake@3.81,5.11-0.89:20080527T163123Z
set name=pkg.summary value="GNU make"
set name=pkg.description value='it "makes"' value="programs"
set name=Info.Classification value=org.opensolaris.category.2008:Development/C value=a:b:c
set name=variant.arch value=i386
set notes="short form"
dir path=usr/bin owner=root group=bin mode=0755
file 820157a2 path=usr/bin/gmake mode=0555 \
    owner=root group=bin
file path="usr/share/with a space" variant.debug.osnet=true
link path=usr/sfw/bin/gmake target=../../bin/gmake
hardlink path=usr/bin/make target=gmake facet.compat=true
license copyright license=GPLv2
license other license="CDDL 1.0"
driver name=odd class=scsi alias=pci1 alias="pci 2" facet.doc=true
user username=maker group=staff gcos-field="It's Make"
group groupname=maker
legacy pkg=SUNWgmake desc="GNU make"
depend type=require fmri=pkg:/library/libc@0.5.11,5.11-0.89:20080527T163123Z
depend type=require-any fmri=pkg:/shell/bash fmri=shell/zsh@4
depend type=group fmri=editor/vim
depend type=group-any fmri=a fmri=b
depend type=conditional fmri=x predicate=y
depend type=optional fmri=doc@1
depend type=exclude fmri=pkg:/SUNWgmake
depend type=incorporate fmri=system/core@1.5
depend type=origin fmri=pkg:/old@2
depend type=parent fmri=feature/package/dependency/self
signature 4711 algorithm=rsa-sha256 value=00 version=0
"""
NAME = "developer/build/gmake"
GMAKE_RELEASE = Release(
    "3.81,5.11-0.89",
    "i386",
    {
        "version-scheme": "ips",
        "summary": "GNU make",
        "pkg.fmri": "pkg://example/developer/build/gmake@3.81,5.11-0.89:20080527T163123Z",
        "info.classification": "org.opensolaris.category.2008:Development/C\na:b:c",
        "variant.arch": "i386",
        "notes": "short form",
        "path.dir": "/usr/bin",
        "path.link": "/usr/sfw/bin/gmake",
        "path.hardlink": "/usr/bin/make",
        "license": "GPLv2\nCDDL 1.0",
        "driver": "name=odd class=scsi alias=pci1 alias='pci 2'",
        "user": """username=maker group=staff gcos-field='It'"'"'s Make'""",
        "group": "groupname=maker",
        "legacy": "pkg=SUNWgmake desc='GNU make'",
        "depend.require": "pkg:/library/libc@0.5.11,5.11-0.89:20080527T163123Z",
        "depend.require-any": "pkg:/shell/bash\nshell/zsh@4",
        "depend.group": "editor/vim",
        "depend.group-any": "a\nb",
        "depend.conditional": "x",
        "depend.optional": "doc@1",
        "depend.exclude": "pkg:/SUNWgmake",
        "depend.incorporate": "system/core@1.5",
        "depend.origin": "pkg:/old@2",
        "depend.parent": "feature/package/dependency/self",
    },
    {
        "depends": (
            (Alternative("library/libc", "", ">=", "0.5.11,5.11-0.89"),),
            (Alternative("shell/bash"), Alternative("shell/zsh", "", ">=", "4")),
        ),
        "recommends": ((Alternative("editor/vim"),), (Alternative("a"), Alternative("b"))),
        "enhances": ((Alternative("x"),),),
        "suggests": ((Alternative("doc", "", ">=", "1"),),),
        "conflicts": ((Alternative("SUNWgmake"),),),
    },
)
PATHS = [b"/usr/bin", b"/usr/bin/gmake", b"/usr/share/with a space", b"/usr/sfw/bin/gmake", b"/usr/bin/make"]
GOOD = b"set name=pkg.fmri value=pkg:/good%d@1\n"


def facts(data: bytes, limits: Limits = DEFAULT) -> list[Fact]:
    return list(IpsManifest(limits).read(io.BytesIO(data), "x.p5m"))


def releases(found: list[Fact]) -> list[tuple[str, Release]]:
    return [(fact.package, fact.release) for fact in found if isinstance(fact, Releases)]


def faults(found: list[Fact]) -> list[Fault]:
    return [fact for fact in found if isinstance(fact, Fault)]


def test_a_manifest_becomes_a_release_its_text_and_its_files() -> None:
    assert facts(GMAKE) == [
        Covers("meta"),
        Releases(NAME, GMAKE_RELEASE),
        Covers("text", ""),
        Texts(NAME, "", Text("GNU make", 'it "makes"\nprograms')),
        Covers("files", "i386"),
        Paths("i386", [path + b"\t" + NAME.encode() for path in PATHS]),
    ]


def test_the_things_of_a_manifest_are_its_actions() -> None:
    found = things(Package(NAME, {("", ""): GMAKE_RELEASE}, {"i386": PATHS}))
    types = [(thing.type, thing.values[0][1]) for thing in found if thing.type not in ("set", "depend", "text", "package")]
    assert types == [
        ("release", "3.81,5.11-0.89"), ("license", "GPLv2"), ("driver", "odd"), ("user", "maker"), ("group", "maker"),
        ("legacy", "SUNWgmake"), ("dir", "/usr/bin"), ("file", "/usr/bin/gmake"), ("hardlink", "/usr/bin/make"),
        ("link", "/usr/sfw/bin/gmake"), ("file", "/usr/share/with a space"),
    ]  # fmt: skip


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n\n# end"])
@pytest.mark.parametrize("first", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_at_the_start_mean_nothing(ending: bytes, last: bytes, first: bytes) -> None:
    assert facts(first + (GMAKE.strip() + last).replace(b"\n", ending)) == facts(GMAKE)


@given(st.sets(st.integers(1, len(GMAKE) - 2)))
def test_a_line_may_be_continued_anywhere(places: set[int]) -> None:
    """But before a line end or a backslash, where it would be another text."""
    data = GMAKE
    for place in sorted(places, reverse=True):
        if data[place - 1] not in b"\n\\" and data[place] not in b"\n\\":
            data = data[:place] + b"\\\n" + data[place:]
    assert facts(data) == facts(GMAKE)


def test_packages_follow_each_other() -> None:
    two = GOOD % 1 + b"file path=a\n" + b"set name=fmri value=second@2\nfile path=b\n"
    found = facts(two)
    assert [(name, release.version) for name, release in releases(found)] == [("good1", "1"), ("second", "2")]
    assert [fact.pairs for fact in found if isinstance(fact, Paths)] == [[b"/a\tgood1"], [b"/b\tsecond"]]


def test_what_stands_before_the_first_fmri_is_of_the_first_package() -> None:
    ((_, release),) = releases(facts(b"set name=x value=1\n" + GOOD % 1))
    assert release.fields["x"] == "1"


def test_each_architecture_has_a_release_with_its_own_actions() -> None:
    data = GOOD % 1 + (
        b"set name=variant.arch value=sparc value=i386\nset name=both value=1\nset name=odd value=2 variant.arch=sparc\n"
        b"file path=all\nfile path=pc variant.arch=i386\ndepend type=require fmri=obp variant.arch=sparc\n"
    )
    found = facts(data)
    assert [(release.architecture, release.fields.get("odd"), release.fields["both"], list(release.relations))
            for _, release in releases(found)] == [("sparc", "2", "1", ["depends"]), ("i386", None, "1", [])]
    assert [fact for fact in found if isinstance(fact, Paths)] == [
        Paths("sparc", [b"/all\tgood1"]), Paths("i386", [b"/all\tgood1", b"/pc\tgood1"]),
    ]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"wrong name=x", "'wrong name=x' begins with none of the actions"),
        (b"Set name=x value=y", "begins with none of the actions"),
        (b"set name=x value=\"never", "quotes of 'value' are never closed"),
        (b"set name=x value='never\\'", "quotes of 'value' are never closed"),
        (b'set name=x value=""twice""', "follows the quotes of 'value' without a blank"),
        (b"set name=x value y", "'value' is not of the form key=value"),
        (b"set =x", "'=x' is not of the form key=value"),
        (b"set name=x", "set: no value is given"),
        (b"set a=1 b=2", "neither name=... value=... nor one attribute alone"),
        (b"set", "neither name=... value=... nor one attribute alone"),
        (b"file 4711 owner=root", "file: no path is given"),
        (b"file path=/../x", "has a '..' in it"),
        (b"file path=/", "names no file"),
        (b"file path=" + b"x" * 5000, "longer than 4096 bytes"),
        (b"license x", "license: no license is given"),
        (b"depend fmri=x", "depend: no type is given"),
        (b"depend type=require", "depend: no fmri is given"),
        (b"depend type=require fmri='a b'", "white space"),
        (b"depend type=require fmri=pkg://publisher", "names a publisher and no package"),
        (b"depend type=require fmri=", "the package has no name"),
        (b"<transform file path=x -> drop>", "is for pkgmogrify"),
        (b"<include global.mog>", "is for pkgmogrify"),
        (b"file path=usr/lib/$(MACH64)/x", "the macro $(MACH64) stands for something else"),
        (b"$(ONLY_HERE)file path=x", "the macro $(ONLY_HERE) stands for something else"),
        (b"set name=variant.arch value='a b'", "architecture 'a b' holds white space"),
        (b"file path=a\0b", "holds a NUL"),
        (b"set name=x value=" + b"x" * (DEFAULT.line_bytes_max + 10), "longer than 1048576 bytes"),
        (b"set name=x \\\n" + b"value=x \\\n" * 150_000, "longer than 1048576 bytes"),
        (b"\xff\xfe\x00", "holds a NUL"),
    ],
)  # fmt: skip
def test_a_bad_action_is_a_fault_with_its_line_and_costs_no_other(bad: bytes, told: str) -> None:
    found = facts(GOOD % 1 + b"file path=before\n" + bad + b"\nfile path=after\n" + GOOD % 2)
    assert [name for name, _ in releases(found)] == ["good1", "good2"]
    assert Paths("", [b"/before\tgood1", b"/after\tgood1"]) in found
    (fault,) = faults(found)
    assert fault.where == "line 3"
    assert told in fault.reason
    assert fault.reason.startswith("package 'good1': ")


@pytest.mark.parametrize(
    "bad",
    [b"set name=pkg.fmri value='pkg:/a b@1'", b"set name=pkg.fmri value=pkg:/@1", b"set name=pkg.fmri value=pkg://only",
     b"set name=pkg.fmri value=pkg:/x@1'\xff'", b"set name=pkg.fmri", b"set pkg.fmri=pkg:/caf\xe9@1"],
)  # fmt: skip
def test_a_bad_fmri_costs_its_package_and_no_other(bad: bytes) -> None:
    found = facts(GOOD % 1 + bad + b"\nfile path=lost\n" + GOOD % 2)
    assert [name for name, _ in releases(found)] == ["good1", "good2"]
    assert [fault.where for fault in faults(found)] == ["line 2"]
    assert not [fact for fact in found if isinstance(fact, Paths)]


def test_a_package_that_says_too_much_costs_itself() -> None:
    limits = DEFAULT._replace(value_bytes_max=200)
    long = b"set name=x value=" + b"y" * 100 + b"\n"
    for data in (GOOD % 1 + long * 5 + GOOD % 2, long * 5 + GOOD % 1 + GOOD % 2):
        found = facts(data, limits)
        assert [name for name, _ in releases(found)] == ["good2"]
        (fault,) = faults(found)
        assert "more than 200 bytes" in fault.reason
    several = b"".join(b"set name=variant.arch value=a%d\n" % number for number in range(ARCHITECTURES_MAX + 1))
    found = facts(GOOD % 1 + several + b"file path=x\n" + GOOD % 2)
    assert [name for name, _ in releases(found)] == ["good2"]
    assert ["architectures" in fault.reason for fault in faults(found)] == [True]


def test_a_line_that_repeats_an_architecture_and_a_value_says_for_whom_it_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[str, ...]] = []
    told = ips._architectures

    def counted(action: actions.Action) -> tuple[str, ...]:
        found.append(told(action))
        return found[-1]

    monkeypatch.setattr(ips, "_architectures", counted)
    ((_, release),) = releases(facts(GOOD % 1 + b"set name=k" + b" value=v" * 50 + b" variant.arch=a" * 50 + b"\n"))
    assert release.fields["k"] == "\n".join(["v"] * 50)
    assert [architectures for architectures in found if architectures] == [("a",)]


def test_an_action_for_too_many_architectures_costs_itself() -> None:
    many = b"".join(b" variant.arch=a%d" % number for number in range(ARCHITECTURES_MAX + 1))
    found = facts(GOOD % 1 + b"file path=lost" + many + b"\nfile path=kept\n")
    assert ["architectures" in fault.reason for fault in faults(found)] == [True]
    assert [fact.pairs for fact in found if isinstance(fact, Paths)] == [[b"/kept\tgood1"]]


def test_a_manifest_without_an_fmri_says_what_is_missing() -> None:
    (fault, covers) = facts(b"\nset name=x value=1\n")
    assert fault == Fault("line 2", "of no package: 'set name=pkg.fmri value=pkg:/NAME@VERSION' is missing")
    assert covers == Covers("meta")


def test_a_last_line_that_is_to_go_on_is_incomplete() -> None:
    with pytest.raises(Incomplete, match="line 2"):
        facts(GOOD % 1 + b"file path=x \\\n")
    with pytest.raises(Incomplete, match="line 2"):
        facts(GOOD % 1 + b"file path=x \\")


def test_paths_keep_bytes_that_are_no_utf8_and_texts_do_not() -> None:
    found = facts(GOOD % 1 + b"link path=caf\xe9 target=x\nset name=x value=caf\xe9\n")
    assert Paths("", [b"/caf\xe9\tgood1"]) in found
    ((_, release),) = releases(found)
    assert {value.rstrip("\ufffd") for field, value in release.fields.items() if field != "pkg.fmri"} == {"caf", "/caf", "ips"}


@pytest.mark.parametrize(
    ("written", "name", "version"),
    [
        ("pkg://publisher/pa/pb/pfoo@1.0,5.11-0:20080514T120000Z", "pa/pb/pfoo", "1.0,5.11-0"),
        ("pkg:/gcc@7.3", "gcc", "7.3"),
        ("pkg:/gcc", "gcc", ""),
        ("//publisher/gcc@1-2", "gcc", "1-2"),
        ("/gcc@1", "gcc", "1"),
        ("gcc@1:20080514T120000Z", "gcc", "1"),
        ("pkg:gcc@", "gcc", ""),
    ],
)
def test_an_fmri_is_a_name_and_a_version(written: str, name: str, version: str) -> None:
    assert fmri.parse(written) == (name, version)


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="='\" \t\n\r\f\v\0$"), min_size=1, max_size=5)
MARKS = "\"'"
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0$"), max_size=12)


def quoted(value: str, mark: str) -> str:
    return mark + value.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark


@given(st.lists(st.tuples(KEYS, VALUES, st.sampled_from(MARKS)), max_size=5), st.sampled_from(["", " payload"]))
def test_attributes_are_read_as_they_were_written(pairs: list[tuple[str, str, str]], payload: str) -> None:
    text = "file" + payload + "".join(f" {key}={quoted(value, mark)}" for key, value, mark in pairs)
    expected: dict[str, list[str]] = {}
    for key, value, _ in pairs:
        expected.setdefault(key, []).append(value)
    assert actions.parse(text) == ("file", expected)


@given(st.lists(st.tuples(KEYS, VALUES.filter(bool)), min_size=1))
def test_users_and_drivers_are_kept_so_that_a_shell_reads_them(pairs: list[tuple[str, str]]) -> None:
    data = "user" + "".join(f" {key}={quoted(value, MARKS[0])}" for key, value in pairs)
    ((_, release),) = releases(facts(GOOD % 1 + data.encode()))
    assert sorted(shlex.split(release.fields["user"])) == sorted(f"{key}={value}" for key, value in pairs)


@pytest.mark.parametrize(
    ("filename", "head", "known"),
    [
        ("gcc.p5m", b"", True),
        ("manifest", b"", True),
        ("my-manifest", b"", False),
        ("x", GMAKE, True),
        ("x", GMAKE[: len(GMAKE) // 2], True),
        ("x", b"set \\\n name=pkg.fmri \\\n value=x\n", True),
        ("x", b"\xef\xbb\xbfset name=pkg.fmri value=x\n", True),
        ("x", b"set name=x value=y", True),
        ("x", b"set", False),
        ("x", b"file admin/x\n", False),
        ("x", b"dir admin/x\nusr/x admin/y\n", False),
        ("x", b"set name=x\nPackage: a\n", False),
        ("x", b"set -e\nname=x\n", False),
        ("x", b"set name=x\0\n", False),
        ("x", b"# nothing else\n", False),
        ("x", b"", False),
    ],
)
def test_manifests_are_known_by_name_and_by_their_first_lines(filename: str, head: bytes, known: bool) -> None:
    assert IpsManifest().recognises(filename, head) == known


PIECES = st.sampled_from([
    b"set ", b"name=pkg.fmri ", b"value=", b"pkg:/a@1", b"pkg://", b"\n", b"\\\n", b"\\", b'"', b"'", b"file ", b"path=x",
    b"depend ", b"type=require ", b"fmri=", b"=", b" ", b"\0", b"\xff", b"\xc3\xa9", b"#", b"$(A)", b"<transform", b"user ",
    b"variant.arch=i386", b"variant.arch", b"@", b":", b"/", b"\r", b"license ", b"driver name=x",
])  # fmt: skip


@given(st.lists(PIECES, max_size=40).map(b"".join) | st.binary(max_size=200))
def test_no_bytes_raise_anything_but_rejected_and_what_is_read_can_be_stored(data: bytes) -> None:
    IpsManifest().recognises("x", data)
    try:
        found = facts(data, DEFAULT._replace(line_bytes_max=60, value_bytes_max=300))
    except Rejected:
        return
    for name, release in releases(found):
        repr(name).encode()
        "".join([name, release.version, release.architecture, *release.fields, *release.fields.values()]).encode()
    for fact in found:
        if isinstance(fact, Paths):
            assert all(pair.startswith(b"/") and pair.count(b"\n") == 0 for pair in fact.pairs)


@given(st.text())
def test_no_text_is_anything_but_an_action_or_unreadable(text: str) -> None:
    for line in (text, f"set {text}", f"set name={text}"):
        try:
            actions.parse(line)
        except Unreadable:
            continue
    try:
        fmri.parse(text)
    except Unreadable:
        return
