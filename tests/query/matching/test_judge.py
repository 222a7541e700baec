"""Questions to one package, and what of it they find: a row for each thing that a term may mean."""

from __future__ import annotations

import pytest

from pkgindex.errors import BadInput
from pkgindex.model.package import Alternative, Package, Release, Text
from pkgindex.query.language import parser
from pkgindex.query.matching import Judge

DESCRIPTION = (
    "A daemon that serves the image\neditor of a web, and more than you would think: it goes on\n\n"
    + "so that nobody reads to the end of this very long line, " * 5
)
TAG = "implemented-in::c++, use::editing, works-with::image"
RELEASE = Release(
    "2.0~rc1", "amd64",
    {
        "summary": "State-run web server (c++)", "section": "contrib/mail", "tag": TAG, "size": "20971520",
        "installed-size": "512", "maintainer": "Jo Stra\u00dfe <jo@example.org>", "smf.fmri": "svc:/milestone/server:default",
        "keywords": "fast\nsmall and fast", "driver": "name=e1000 alias='pci8086,100e x'", "priority": "9",
        "path.dir": "/etc/webd", "depend.require": "pkg:/lib/pcre@8.0",
    },
    {
        "depends": ((Alternative("libssl3", "", ">=", "3.0"), Alternative("gnutls")),),
        "pre-depends": ((Alternative("init"),),), "provides": ((Alternative("httpd"),),),
    },
)  # fmt: skip
FILES = [b"/etc/webd", b"/usr/bin/webd", b"/usr/lib/webd/mod_ssl.so", b"/usr/share/doc/webd/a b", b"/usr/share/Stra\xc3\x9fe"]
WEBD = Package("org/libwebd2", {("2.0~rc1", "amd64"): RELEASE}, {"amd64": FILES}, {"": Text("", DESCRIPTION)})

NAME, SUMMARY = ("name", "org/libwebd2"), ("summary", "State-run web server (c++)")
EDITOR = ("description", "A daemon that serves the image editor of a web, and more than you would think: it goes on")
EDITOR_LINE = ("description", "editor of a web, and more than you would think: it goes on")
BIN, MODULE = ("file", "/usr/bin/webd"), ("file", "/usr/lib/webd/mod_ssl.so")
SSL, HTTPD = ("depends", "libssl3 (>= 3.0)"), ("provides", "httpd")
SMF = ("smf.fmri", "svc:/milestone/server:default")

ROWS = [
    # Names: as a whole, from any slash on, and for bare words by the words in them
    ("name:org/libwebd2", [NAME]), ("name:libwebd2", [NAME]), ("name:webd", None), ("name:LIB*", [NAME]), ("name:*web", None),
    ("name:/^org.*[0-9]$/", [NAME]), ("name:'libwebd2'", [NAME]), ("libwebd", [NAME]), ("webd", [NAME, BIN]),
    # Identifiers
    ("version:2.0~RC1", [("version", "2.0~rc1")]), ("version:2.0", None), ("version:2*", [("version", "2.0~rc1")]),
    ("arch:amd64", [("arch", "amd64")]), ("arch:amd", None),
    ("depends:libssl3", [SSL]), ("depends:libssl", None), ("depends:lib*", [SSL]), ("depends:gnutls", [("depends", "gnutls")]),
    ("pre-depends:libssl3", None), ("requires:init", [("pre-depends", "init")]), ("relation:httpd", [HTTPD]),
    ("httpd", [HTTPD]),
    ("kind:provides", [HTTPD]), ("kind:prov", None), ("relation:3.0", None), ("libssl3", None),
    # Texts: words side by side, across lines; patterns for one word
    ("summary:web", [SUMMARY]), ("summary:WEB-SERVER", [SUMMARY]), ("summary:state", [SUMMARY]), ("summary:c++", [SUMMARY]),
    ("summary:c", None), ("summary:serv", None), ("summary:serv*", [SUMMARY]), ("summary:state-*", None),
    (r"summary:\(c++\)", [SUMMARY]),
    ('summary:"server c++"', [SUMMARY]), ('summary:"web c++"', None), ('summary:" ("', [SUMMARY]), ('summary:"(("', None),
    ("summary:/w.b s/", [SUMMARY]), ('description:"IMAGE editor"', [EDITOR]), ("description:image/editor", [EDITOR]),
    ("description:/image\\s+editor/", [EDITOR]), ("description:editor", [EDITOR_LINE]), ("text:editor", [EDITOR_LINE]),
    ("text:web", [SUMMARY, EDITOR_LINE]), ("description:summary", None), ("summary:&", None),
    # Other attributes: as a whole, by pieces and by words, a line at a time
    ("section:contrib/mail", [("section", "contrib/mail")]), ("section:mail", [("section", "contrib/mail")]),
    ("section:mai", None), ("section:*il", [("section", "contrib/mail")]), ("mail", None),
    (r"tag:use\:\:editing", [("tag", TAG)]), (r"tag:use\:\:*", [("tag", TAG)]), ('tag:"c++ use"', [("tag", TAG)]),
    ("editing", None),
    ("keywords:small", [("keywords", "small and fast")]), ("fast", [("keywords", "fast"), ("keywords", "small and fast")]),
    ('keywords:"fast small"', None), ("maintainer:STRASSE", [("maintainer", "Jo Stra\u00dfe <jo@example.org>")]),
    (r"smf.fmri:svc\:*", [SMF]), ("milestone", [SMF]), ("smf.*:default", [SMF]), ("nobody:*", None), ("path.dir:*", None),
    ("driver:e1000", [("driver.name", "e1000")]), ("e1000", [("driver.name", "e1000")]),
    ("alias:x", [("alias", "pci8086,100e x")]),
    ("driver:name:e1000", [("driver.name", "e1000")]), ("name:e1000", None),
    ("depend:require:pcre", [("depend.require", "pkg:/lib/pcre@8.0")]), ("pcre", None),
    # Files
    ("file:webd", [BIN, ("file", "/etc/webd")]), ("file:bin/webd", [BIN]), ("file:/usr/bin/webd", [BIN]),
    ("file:in/webd", None),
    ("file:/bin/webd", None), ("file:*.so", [MODULE]), ("file:/usr/*/mod*", [MODULE]), ("file:/usr/b?n/*", [BIN]),
    ("file:/_[a-z]+\\.so$/", [MODULE]), ("file:/^usr/", None), ("basename:bin/webd", None),
    ("basename:/^w/", [BIN, ("file", "/etc/webd")]),
    ("dir:/usr/bin", [BIN]), ("dir:bin", [BIN]), ("dir:/usr/bin/", [BIN]), ("dir:usr", None), ("dir:/usr/lib/*", [MODULE]),
    ("dir:/lib\\/webd$/", [MODULE]), ("dir:/", None), ("dir::webd", [("file", "/etc/webd")]), ("/usr/bin/webd", [BIN]),
    ("'a b'", [("file", "/usr/share/doc/webd/a b")]), ("file:stra\u00dfe", [("file", "/usr/share/Stra\u00dfe")]),
    ("*.so", [MODULE]),
    # By order
    ("size>10M", [("size", "20971520")]), ("size=20M", [("size", "20971520")]), ("size<20M", None),
    ("size>=20971520", [("size", "20971520")]),
    ("installed-size<1M", [("installed-size", "512")]), ("installed-size=512", [("installed-size", "512")]),
    ("installed-size=512K", [("installed-size", "512")]), ("version>=2.0~beta", [("version", "2.0~rc1")]),
    ("version>=2.0", None),
    ("priority<10", [("priority", "9")]), ("section>contrib", [("section", "contrib/mail")]), ("nobody>1", None),
    ("size>5", [("size", "20971520")]),
    # Together
    ("webd section:mail", [NAME, BIN, ("section", "contrib/mail")]), ("webd nonsense", None), ("nonsense OR httpd", [HTTPD]),
    ("(httpd nonsense) OR init OR libwebd", [NAME]), ("NOT nonsense", []), ("NOT httpd", None), ("httpd NOT nonsense", [HTTPD]),
    ("depends:libssl3 WITH kind:depends", [SSL]), ("requires:libssl3 WITH kind:pre-depends", None),
    ("requires:* WITH (NOT kind:depends)", [("pre-depends", "init")]),
    ("kind:pre-depends WITH (libssl3 OR requires:init)", [("pre-depends", "init")]),
    ("basename:webd WITH dir:/usr/bin", [BIN]), ("basename:webd WITH (NOT dir:/usr/bin)", [("file", "/etc/webd")]),
    ("basename:mod* WITH dir:/usr/bin", None), ("version>1 WITH arch:amd64", [("version", "2.0~rc1"), ("arch", "amd64")]),
    ("arch:amd64 WITH (arch:amd* OR (version:2.0~rc1 version:9))", [("arch", "amd64")]),
    ("<webd> httpd", [("package", "org/libwebd2"), HTTPD]), ("<nonsense> OR httpd", [HTTPD]),
    ("<NOT nonsense>", [("package", "org/libwebd2")]),
    # Of packages and types
    ("org:::webd", [NAME, BIN]), ("ORG*:::webd", [NAME, BIN]), ("web:::webd", None), ("text::web", [SUMMARY, EDITOR_LINE]),
    ("set::web", [SUMMARY, EDITOR_LINE]), ("file::webd", [BIN]), ("dir::*d", [("file", "/etc/webd")]),
    # In no repository
    ("repo:debian", None), ("orphan:yes", [("orphan", "yes")]), ("broken:no", [("broken", "no")]), ("needs:libc6", None),
    ("changed-since:1", None),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), ROWS, ids=[question for question, _ in ROWS])
def test_a_question_finds_what_it_means(question: str, expected: list[tuple[str, str]] | None) -> None:
    judged = Judge(parser.parse(question)).judge(WEBD)
    assert (None if judged is None else list(judged.found)) == expected


CASE = [("name:libwebd2", True), ("name:LIBwebd2", False), ("libWEBD", False), ("libwebd", True), ("section:Mail", False),
        ("maintainer:Stra\u00dfe", True), ("maintainer:stra\u00dfe", False), ("maintainer:Strasse", False),
        ("summary:State*", True),
        ("summary:state*", False), ("summary:State-run", True), ("summary:state-run", False), ("file:WEBD", False),
        ("/Web/", False), ("maintainer:Stra?e", False), ("smf.fmri:SVC*", False)]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), CASE)
def test_with_case_it_must_be_spelled_so(question: str, expected: bool) -> None:
    assert (Judge(parser.parse(question), case=True).judge(WEBD) is not None) is expected


# Whether a bare word is more than the name of a file that is no command.
STRONG = [("webd", True), ("httpd", True), ("web", True), ("mod_ssl.so", False), ("mod_ssl.so OR web", True),
          ("milestone", True),
          ("mod_ssl.so httpd", False), ("file:mod_ssl.so", True), ("*.so", False), ("file:mod_ssl.so httpd", True)]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), STRONG)
def test_the_name_of_some_file_is_weak(question: str, expected: bool) -> None:
    judged = Judge(parser.parse(question)).judge(WEBD)
    assert judged is not None
    assert judged.strong is expected


NEEDS_FILES = [("web", True), ("name:web", False), ("file:x OR name:y", True), ("section:mail size>1", False), ("dir:/x", True),
               ("NOT file:x", True), ("section:x WITH (NOT tag:y)", False), ("(NOT tag:x) WITH (NOT tag:y)", True)]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), NEEDS_FILES)
def test_a_judge_says_whether_it_looks_at_files(question: str, expected: bool) -> None:
    assert Judge(parser.parse(question)).needs_files is expected


@pytest.mark.parametrize("question", ["/[/", "name:/(/", "file:/[/", "dir:/*x/", "name:[z-a]", "section:[z-a]*", "[z-a]"])
def test_a_pattern_that_is_none_is_refused_before_any_package(question: str) -> None:
    with pytest.raises(BadInput, match=r"not a|bad character range"):
        Judge(parser.parse(question))


@pytest.mark.parametrize("question", ["version:*", "version>=0", "version:/^$/", "size:*"])
def test_what_is_not_there_is_not_found(question: str) -> None:
    release = Release("", "all", {"size": ""})
    assert Judge(parser.parse(question)).judge(Package("x", {("", "all"): release})) is None


def test_terms_are_numbered_in_the_order_of_the_question_and_equal_ones_once() -> None:
    judged = Judge(parser.parse("nonsense OR (httpd AND webd AND httpd) OR web NOT zero")).judge(WEBD)
    assert judged is not None
    assert judged.leaves == (1, 2, 3)
