"""Questions, and what each must find in the packages of `fixture`: worked out by hand, so that the table judges the code.

Those of pkg(5)'s tests have the answers that pkg(5) gives, where both languages mean the same; where they differ there is a
row for each. A hit is `(field, value)`; of a path pkg(5) says by which key it was found, and the default rules say `file`.
Rows that only name packages leave open what of them is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from questions.fixture import DEBIAN, IPS

Hits = Mapping[str, Iterable[tuple[str, str]]]


class Row(NamedTuple):
    """A question to one repository. `expected` are packages, with their hits where it is a mapping; None: a mistake."""

    question: str
    repo: str
    expected: Hits | frozenset[str] | None
    pkg5: bool = False
    case: bool = False

    def __str__(self) -> str:
        flags = (" --pkg5" if self.pkg5 else "") + (" -I" if self.case else "")
        return f"{self.repo}{flags} {self.question}"

    @property
    def packages(self) -> frozenset[str]:
        return frozenset(self.expected or ())

    @property
    def hits(self) -> frozenset[tuple[str, str, str]] | None:
        """(package, field, value) of every hit; None where the row leaves them open."""
        if not isinstance(self.expected, Mapping):
            return None
        said = {} if self.pkg5 else {"basename": "file", "path": "file", "dir": "file"}
        return frozenset(
            (package, said.get(field, field), value) for package, hits in self.expected.items() for field, value in hits
        )


def agreed(row: Row, found: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """*found*, the packages and their hits, is what *row* expects, and no hit is told twice."""
    assert set(found) == row.packages
    assert all(len(set(hits)) == len(hits) for hits in found.values())
    if row.hits is not None:
        assert {(package, *hit) for package, hits in found.items() for hit in hits} == row.hits


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


EXAMPLE_FILE = ("basename", "/bin/example_path")
EXAMPLE_DIR = ("basename", "/bin/example_dir")
EXAMPLE = ("name", "example_pkg")
BUG_A, BUG_B = ("bug_ids", "4851433"), ("bug_ids", "4725245")
WEIRD = ("weirdness", "] [ * ?")
FOOO = ("description", "FOOO bAr O OO OOO")
SVC = r"svc\:/milestone/multi-user-server\:default"
SMF = ("smf.fmri", "svc:/milestone/multi-user-server:default")
SECURITY = ("info.classification", "org.opensolaris.category.2008:System/Security")
SOUND = ("info.classification", "org.opensolaris.category.2008:Applications/Sound and Video")
ASDA = ("info.classification", "org.opensolaris.category.2008:foo/bar/baz/bill/beam/asda")
BAD1 = ("info.classification", "TestBad1/TestBad2")
BAD2 = ("info.classification", "org.opensolaris.category.2008:TestBad1:TestBad2")

# pkg(5) and the default rules find the same.
ALIKE: list[tuple[str, Hits | frozenset[str] | None]] = [
    ("example_path", {"example_pkg": [EXAMPLE_FILE]}),
    ("(example_path)", {"example_pkg": [EXAMPLE_FILE]}),
    ("EXAMPLE_path", {"example_pkg": [EXAMPLE_FILE]}),
    ("a_non_existent_token", {}),
    ("<exam*:::>", {"example_pkg": [("package", "example_pkg")]}),
    ("<exam:::>", {"example_pkg": [("package", "example_pkg")]}),
    ("<e*>", {"example_pkg": [("package", "example_pkg")]}),
    ("<e*> AND <e*>", {"example_pkg": [("package", "example_pkg")]}),
    ("<e*> OR <sort>", {"example_pkg": [("package", "example_pkg")]}),
    ("<4851433> AND <42>", {"example_pkg": [("package", "example_pkg")]}),
    ("4851433", {"example_pkg": [BUG_A]}),
    ("4851433 AND 4725245", {"example_pkg": [BUG_A, BUG_B]}),
    ("4851433 4725245", {"example_pkg": [BUG_A, BUG_B]}),
    ("4851433 OR 4725245", {"example_pkg": [BUG_A, BUG_B]}),
    ("(4851433 AND 4725245) OR example_path", {"example_pkg": [BUG_A, BUG_B, EXAMPLE_FILE]}),
    ("6556919", {"example_pkg": [("incorporated_changes", "6556919 6627937"), ("bug_ids", "6556919")]}),
    ("6556?19", {"example_pkg": [("incorporated_changes", "6556919 6627937"), ("bug_ids", "6556919")]}),
    ("42", {"example_pkg": [("random_test", "42")]}),
    ("79", {"example_pkg": [("random_test", "79")]}),
    ("separator", {"example_pkg": [("keywords", "sort null -n -m -t sort 0x86 separator")]}),
    ('"sort 0x86"', {"example_pkg": [("keywords", "sort null -n -m -t sort 0x86 separator")]}),
    ('"sort separator"', {}),
    ("openssl", {"example_pkg": [("basename", "/usr/lib/python/OpenSSL")]}),
    ("'OpEnSsL'", {"example_pkg": [("basename", "/usr/lib/python/OpenSSL")]}),
    ("OpEnSS*", {"example_pkg": [("basename", "/usr/lib/python/OpenSSL")]}),
    ("fooo", {"example_pkg": [FOOO]}),
    ("fo*", {"example_pkg": [FOOO], "cat3": [ASDA]}),
    ("fun", {"example_pkg": [("description", "whee fun")]}),
    ("FO[O]O", {"example_pkg": [FOOO]}),
    ("[*]", {"example_pkg": [WEIRD]}),
    ("[?]", {"example_pkg": [WEIRD]}),
    ("[[]", {"example_pkg": [WEIRD]}),
    ("[]]", {"example_pkg": [WEIRD]}),
    (SVC, {"example_pkg": [SMF]}),
    (f"smf.fmri:{SVC}", {"example_pkg": [SMF]}),
    (f"set:smf.fmri:{SVC}", {"example_pkg": [SMF]}),
    (f":set:smf.fmri:{SVC}", {"example_pkg": [SMF]}),
    (f"example_pkg:set:smf.fmri:{SVC}", {"example_pkg": [SMF]}),
    (f"other_pkg:set:smf.fmri:{SVC}", {}),
    (f"file:smf.fmri:{SVC}", {}),
    (f"{SVC} *milestone*", {"example_pkg": [SMF]}),
    (r"\:", {}),
    ("Intel(R)", {"driver/graphics/gfx": [("summary", "Intel(R) graphics"),
                                          ("description", "Intel(R) HD Graphics of many years")]}),
    ("with*", {"space_pkg": [("basename", "/unique/with a space")]}),
    ("uni*", _names("space_pkg")),
    ("pfoo", _names("pa/pb/pfoo")),
    ("pb/pfoo", _names("pa/pb/pfoo")),
    ("pa/pb/pfoo", _names("pa/pb/pfoo")),
    ("pc/pfoo", {}),
    ("System/Security", {"cat": [SECURITY]}),
    ("security", {"cat": [SECURITY]}),
    ("system", {"cat": [SECURITY], "developer/gmake": [("category", "system")]}),
    ("Other/Category", {"cat": [("info.classification", "org.random:Other/Category")]}),
    (r"org.random\:Other/Category", {"cat": [("info.classification", "org.random:Other/Category")]}),
    ("'Sound and Video'", {"cat2": [SOUND]}),
    ("'Applications/Sound and Video'", {"cat2": [SOUND]}),
    ("video", {"cat2": [SOUND]}),
    ("Developer/C", {"cat2": [("info.classification", "Developer/C")]}),
    ("asda", {"cat3": [ASDA]}),
    ("foo/bar/baz/bill/beam/asda", {"cat3": [ASDA]}),
    ("TestBad1", {"badcat": [BAD1], "badcat2": [BAD2]}),
    ("TestBad2", {"badcat": [BAD1], "badcat2": [BAD2]}),
    ("info.classification:Security", {"cat": [SECURITY]}),
    ("info.classification:", _names("cat cat2 cat3 badcat badcat2")),
    ("info.*:asda", {"cat3": [ASDA]}),
    ("cat2:::video", {"cat2": [SOUND]}),
    ("driver:alias:*2a43*", {"driver/graphics/gfx": [("alias", "pci8086,2a43 later")]}),
    ("gfxd", {"driver/graphics/gfx": [("username", "gfxd")]}),
    ("gfxgrp", {"driver/graphics/gfx": [("group", "gfxgrp"), ("groupname", "gfxgrp")]}),
    ("group::gfxgrp", {"driver/graphics/gfx": [("groupname", "gfxgrp")]}),
    ("uid:77", {"driver/graphics/gfx": [("uid", "77")]}),
    ("license:sunwgmake*", {"developer/gmake": [("license", "SUNWgmake.copyright")]}),
    ("link::gmake", {"developer/gmake": [("basename", "/usr/sfw/bin/gmake")]}),
    ("hardlink::make", {"developer/gmake": [("basename", "/usr/bin/make")]}),
    ("dir::gmake", {}),
    ("gmake", _names("developer/gmake")),
    ("'GNU make'", _names("developer/gmake")),
    ("developer", _names("developer/gmake cat2")),
    ("foo AND", None),
    ("(apple", None),
    ("apple)", None),
    ('"apple', None),
    ("", None),
]

PKG5: list[tuple[str, Hits | frozenset[str] | None]] = [
    ("e* AND *path", {"example_pkg": [EXAMPLE_FILE, ("path", "/bin/example_path")]}),
    (":::e* AND *path", {"example_pkg": [EXAMPLE_FILE, ("path", "/bin/example_path")]}),
    ("exam:::e*path", {"example_pkg": [EXAMPLE_FILE]}),
    ("exam:::e*path AND e*:::", _names("example_pkg")),
    ("42 AND 4641790", {}),
    ("42 AND 79", {"example_pkg": [("random_test", "42"), ("random_test", "79")]}),
    ("4851433 AND 4725245 OR example_path", {"example_pkg": [BUG_A, BUG_B]}),
    ("4851433 AND (4725245 OR example_path)", {"example_pkg": [BUG_A, BUG_B]}),
    ("example_path OR 4851433 AND 42", {"example_pkg": [EXAMPLE_FILE]}),
    ("42 79 OR 4851433 example_path", {"example_pkg": [("random_test", "42"), ("random_test", "79")]}),
    ("/bin", {"example_pkg": [("path", "/bin")]}),
    ("dir::/bin/example_dir", {"example_pkg": [("path", "/bin/example_dir")]}),
    ("path:bin/example_dir", {"example_pkg": [("path", "/bin/example_dir")]}),
    ("pkgs<example_path>", {"example_pkg": [("package", "example_pkg")]}),
    ("p<example_path>", {"example_pkg": [("package", "example_pkg")]}),
    ("example_pkg", _names("example_pkg")),
    ("depend:require:cat", _names("developer/gmake")),
    ("depend:incorporate:*gfx*", _names("developer/gmake")),
    ("42 NOT 79", {}),
    ("<e*> AND e*", None),
    ("e* AND <e*>", None),
    ("<e*> OR e*", None),
    ("e* OR <e*>", None),
]

OURS_ON_IPS: list[tuple[str, Hits | frozenset[str] | None]] = [
    ("e* AND *path", {"example_pkg": [EXAMPLE, EXAMPLE_FILE, EXAMPLE_DIR]}),
    (":::e* AND *path", {"example_pkg": [EXAMPLE, EXAMPLE_FILE, EXAMPLE_DIR]}),
    ("42 AND 4641790", {"example_pkg": [("random_test", "42"), ("bug_ids", "4641790")]}),
    ("42 WITH 4641790", {}),
    ("42 WITH 79", {"example_pkg": [("random_test", "42"), ("random_test", "79")]}),
    ("4851433 AND 4725245 OR example_path", {"example_pkg": [BUG_A, BUG_B, EXAMPLE_FILE]}),
    ("4851433 AND (4725245 OR example_path)", {"example_pkg": [BUG_A, BUG_B, EXAMPLE_FILE]}),
    ("example_path OR 4851433 nonsense", {"example_pkg": [EXAMPLE_FILE]}),
    # Files that are no commands are not shown of a package that its name has found already.
    ("<e*> AND e*", {"example_pkg": [("package", "example_pkg"), EXAMPLE]}),
    ("42 NOT 79", {}),
    ("42 NOT 80", {"example_pkg": [("random_test", "42")]}),
    ("/bin", {"example_pkg": [("file", "/bin")]}),
    ("file:bin/example_dir", {"example_pkg": [("file", "/bin/example_dir")]}),
    ("name:pfoo", {"pa/pb/pfoo": [("name", "pa/pb/pfoo")]}),
    ("name:pa/*", {"pa/pb/pfoo": [("name", "pa/pb/pfoo")]}),
    ("example_pkg", {"example_pkg": [EXAMPLE]}),
    ("arch:sparc", {"developer/gmake": [("arch", "sparc")]}),
    ("version>=3.81", {"developer/gmake": [("version", "3.81,5.11-0.89")]}),
    ("version<2 name:cat?", {"cat2": [("version", "1.0,5.11-0"), ("name", "cat2")],
                             "cat3": [("version", "1.0,5.11-0"), ("name", "cat3")]}),
    ("depends:cat", {"developer/gmake": [("depends", "cat (>= 1.0-0)")]}),
    ("depend:depends:cat", {"developer/gmake": [("depends", "cat (>= 1.0-0)")]}),
    ("depend:kind:depends", _names("developer/gmake")),
    ("needs:cat", _names("developer/gmake")),
    ("neededby:developer/gmake", _names("cat")),
    ("broken:yes", frozenset()),
    ("repo:ips name:cat*", _names("cat cat2 cat3")),
    ("repo:debian name:cat*", frozenset()),
]

CASE: list[tuple[str, bool, Hits | frozenset[str] | None]] = [
    ("fooo", False, {}), ("FOOO", False, {"example_pkg": [FOOO]}), ("fo*", False, {"cat3": [ASDA]}),
    ("FO*", False, {"example_pkg": [FOOO]}), ("'OpEnSsL'", False, {}),
    ("OpenSSL", False, {"example_pkg": [("basename", "/usr/lib/python/OpenSSL")]}),
    ("fooo", True, {}), ("FOOO", True, {"example_pkg": [FOOO]}), ("fo*", True, {"cat3": [ASDA]}),
    ("FO*", True, {"example_pkg": [FOOO]}), ("'OpEnSsL'", True, {}),
    ("OpenSSL", True, {"example_pkg": [("basename", "/usr/lib/python/OpenSSL")]}),
]  # fmt: skip

LIBSSL3, MTA = "libssl3 (>= 3.0)", "mail-transport-agent"
GRAPHICAL = "interface::graphical, use::editing"
ON_DEBIAN: list[tuple[str, Hits | frozenset[str] | None]] = [
    # Relations
    ("depends:libssl*", {
        "libssl-dev": [("depends", "libssl3 (= 3.0.11-1)")], "openssl": [("depends", "libssl3 (>= 3.0.9)")],
        "first-boot": [("depends", "libssl-dev")], "libcurl4": [("depends", LIBSSL3)], "postfix": [("depends", LIBSSL3)],
        "python3-openssl": [("depends", "libssl3")],
    }),
    ("pre-depends:libssl3", {"first-boot": [("pre-depends", LIBSSL3)]}),
    ("requires:libssl3", _names("libssl-dev openssl first-boot libcurl4 postfix python3-openssl")),
    ("requires:libssl3 WITH kind:pre-depends", _names("first-boot")),
    ("depends:libssl3 WITH kind:pre-depends", frozenset()),
    ("requires:libssl3 WITH (NOT kind:depends)", _names("first-boot")),
    ("relation:first-boot", {"postfix": [("breaks", "first-boot (<< 0.5)")]}),
    ("relation:ca-certs WITH (kind:recommends OR kind:suggests)", _names("curl openssl")),
    ("kind:enhances", _names("ca-certs")),
    ("enhances:openssl", {"ca-certs": [("enhances", "openssl")]}),
    ("suggests:libssl-doc", {"libssl-dev": [("suggests", "libssl-doc")]}),
    ("recommends:*", {"curl": [("recommends", "ca-certs")]}),
    ("built-using:python3.11", {"python3-examples": [("built-using", "python3.11 (= 3.11.2-6)")]}),
    ("replaces:/minimal$/", {"python3": [("replaces", "python3-minimal (<< 3.1)")]}),
    ("provides:mail*", {"exim4-daemon-light": [("provides", MTA)], "postfix": [("provides", MTA)], "dma": [("provides", MTA)]}),
    ("<provides:mail-transport-agent> NOT section:mail", {"dma": [("package", "dma")]}),
    # Attributes
    ("section:mail", {name: [("section", "mail")] for name in ("exim4-daemon-light", "postfix", "mailx")}),
    ("section:lib*", _names("libc6 libssl3 libcurl4 libssl-dev")),
    ("maintainer:'Debian OpenSSL Team'", _names("libssl3 libssl-dev openssl")),
    ("maintainer:openssl@example.org", _names("libssl3 libssl-dev openssl")),
    ("homepage:*openssl*", {name: [("homepage", "https://www.openssl.org/")] for name in ("libssl3", "libssl-dev", "openssl")}),
    ("source:openssl", {"libssl3": [("source", "openssl")], "libssl-dev": [("source", "openssl")]}),
    ("source:curl", {"libcurl4": [("source", "curl (3.0~beta2-1)")]}),
    ("arch:all", _names("ca-certs pixels python3-openssl python3-examples web-tools")),
    (r"tag:use\:\:editing", {"gimp": [("tag", f"{GRAPHICAL}, works-with::image")], "inkscape": [("tag", GRAPHICAL)]}),
    (r"tag:use\:\:*", _names("gimp inkscape pixels")),
    (r'text:"image editor" OR tag:use\:\:editing', _names("gimp inkscape pixels")),
    ('description:"advanced image"', {"gimp": [("description", "An advanced image editor for photographs.")]}),
    ("summary:'mail transport agent'", _names("postfix dma")),
    # Numbers
    ("size>10M", {"gimp": [("size", "24000000")]}),
    ("size>=10M", {"gimp": [("size", "24000000")], "inkscape": [("size", "10485760")]}),
    ("size<15K", _names("web-tools new-glibc-user")),
    ("installed-size<1M", _names("ca-certs first-boot libcurl4 curl dma mailx pixels python3 python3-openssl python3-examples "
                                 "web-tools new-glibc-user")),
    ("installed-size<=1M section:graphics", _names("inkscape pixels")),
    ("version>=3.0~rc1", _names("libssl3 libssl-dev openssl ca-certs curl exim4-daemon-light postfix mailx python3 "
                                "python3-openssl python3-examples")),
    ("version=3.0.11-1", {name: [("version", "3.0.11-1")] for name in ("libssl3", "libssl-dev", "openssl")}),
    ("version<=0.9", {"first-boot": [("version", "0.9")]}),
    ("version>3.0~beta1 version<3.0", _names("libcurl4 curl")),
    # What the repository knows
    ("needs:libssl3", _names("libssl-dev openssl first-boot libcurl4 postfix python3-openssl ca-certs curl mailx")),
    ("needs:postfix", _names("mailx")),
    ("needs:libssl3 NOT requires:libssl3", _names("ca-certs curl mailx")),
    ("neededby:python3-openssl", _names("python3 libssl3 libc6")),
    ("neededby:mailx", _names("exim4-daemon-light postfix dma libssl3 libc6")),
    ("orphan:yes", _names("first-boot curl mailx gimp inkscape pixels python3-openssl python3-examples nginx web-tools "
                          "scribus-ng new-glibc-user")),
    ("orphan:no section:mail", _names("exim4-daemon-light postfix")),
    ("broken:yes", _names("scribus-ng new-glibc-user")),
    ("broken:no section:graphics", _names("gimp inkscape pixels")),
    # Files
    ("file:/usr/bin/*ssl*", {"openssl": [("file", "/usr/bin/openssl")]}),
    ("file:curl", {"curl": [("file", "/usr/bin/curl")]}),
    ("file:bin/curl", {"curl": [("file", "/usr/bin/curl")]}),
    ("file:*.so.?", _names("libc6 libssl3 libcurl4")),
    (r"file:/\.so\.[36]$/", {
        "libc6": [("file", "/lib/x86_64-linux-gnu/libc.so.6")],
        "libssl3": [("file", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"), ("file", "/usr/lib/x86_64-linux-gnu/libssl.so.3")],
    }),
    ("basename:sendmail", {name: [("basename", "/usr/sbin/sendmail")] for name in ("exim4-daemon-light", "postfix", "dma")}),
    ("dir:/usr/bin", _names("openssl curl gimp inkscape mailx pixels python3-examples python3 web-tools")),
    ("basename:python3 dir:/usr/bin", _names("python3 python3-examples")),
    ("basename:python3 WITH dir:/usr/bin", _names("python3")),
    ("basename:python3 WITH (NOT dir:/usr/bin)", _names("python3-examples")),
    ("basename:SSL.* WITH dir:*OpenSSL", _names("python3-openssl libssl-dev")),
    # Words
    ("web server", _names("nginx web-tools curl")),
    ("web WITH server", _names("nginx curl")),
    ('"web server"', {"nginx": [("description", "Nginx is a web server that is often put before others.")]}),
    ('"image editor"', _names("gimp pixels")),
    ("ssl", {"libssl3": [("name", "libssl3")], "libssl-dev": [("name", "libssl-dev")]}),
    ("openssl", _names("openssl libssl3 python3-openssl")),
    ("mail-transport-agent", {
        "exim4-daemon-light": [("provides", MTA)],
        "postfix": [("provides", MTA), ("summary", "High-performance mail transport agent")],
        "dma": [("provides", MTA), ("summary", "lightweight mail transport agent for home")],
    }),
    ("sendmail", {name: [("basename", "/usr/sbin/sendmail")] for name in ("exim4-daemon-light", "postfix", "dma")}),
    ("python3", {
        "python3": [("name", "python3"), ("file", "/usr/bin/python3")],
        "python3-openssl": [("name", "python3-openssl")], "python3-examples": [("name", "python3-examples")],
    }),
    ("graphics", frozenset()),
    ("editing", frozenset()),
    ("py* OR gim?", _names("python3 python3-openssl python3-examples gimp")),
    ("/image (editor|viewer)/", _names("gimp")),
    (r"description:/image\s+editor/", _names("gimp pixels")),
    ("name:/^lib(ssl|curl)[0-9]$/", {"libssl3": [("name", "libssl3")], "libcurl4": [("name", "libcurl4")]}),
    ("and", _names("libssl-dev first-boot postfix dma mailx inkscape python3-examples web-tools")),
    # Not
    ("section:mail NOT provides:mail-transport-agent", {"mailx": [("section", "mail")]}),
    ("section:mail -provides:mail-transport-agent", {"mailx": [("section", "mail")]}),
    ("section:mail NOT (name:postfix OR name:mailx)", _names("exim4-daemon-light")),
    ("-section:libs name:lib*", {"libssl-dev": [("name", "libssl-dev")]}),
    ("NOT NOT name:dma", _names("dma")),
    ("NOT repo:debian", frozenset()),
    ("NOT (arch:amd64 OR section:python)", _names("ca-certs pixels web-tools")),
    ("repo:debian name:curl", _names("curl")),
    # Mistakes
    ("orphan:maybe", None),
    ("size>banana", None),
    ("changed-since:x", None),
    ("needs:", None),
    ("orphan:yes WITH name:x", None),
    ("<web> WITH server", None),
    ("web WITH NOT server", None),
    ("name:/[/", None),
]

DEBIAN_CASE: list[tuple[str, Hits | frozenset[str] | None]] = [
    ("name:CURL", {}),
    ("name:curl", {"curl": [("name", "curl")]}),
    ("OpenSSL", {
        "libssl3": [("description", "This package is part of the OpenSSL project's implementation of TLS.")],
        "python3-openssl": [("summary", "Python 3 wrapper around the OpenSSL library")],
    }),
    ("dir:*openssl", _names("libssl-dev")),
    ("section:Mail", {}),
]

ROWS = (
    *(Row(question, IPS, expected, pkg5) for question, expected in ALIKE for pkg5 in (False, True)),
    *(Row(question, IPS, expected, True) for question, expected in PKG5),
    *(Row(question, IPS, expected) for question, expected in OURS_ON_IPS),
    *(Row(question, IPS, expected, pkg5, True) for question, pkg5, expected in CASE),
    *(Row(question, DEBIAN, expected) for question, expected in ON_DEBIAN),
    *(Row(question, DEBIAN, expected, case=True) for question, expected in DEBIAN_CASE),
)
