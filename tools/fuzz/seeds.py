"""What fuzzing begins with: a sound example or two of everything that is read, small, with each construct once."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from array import array
from collections.abc import Sequence

import lz4.frame
import msgpack
import zstandard

from pkgindex.format import block, commands, delta, forward, frame, journal, lists, reverse, terms
from pkgindex.format.delta import Changed, Delta, Named
from pkgindex.format.lists import Listing

CONTROL = (b"Package: tool\nVersion: 1:1.0~rc1-2\nArchitecture: amd64\nDepends: libc6 (>= 2) [amd64], a | b:any <!x>\n"
           b"Description: a tool\n that works\n .\n # x\n")
STATUS = CONTROL.replace(b"Version", b"Status: install ok installed\nVersion")
TRANSLATION = b"Package: tool\nDescription-md5: 0123456789abcdef0123456789abcdef\nDescription-de: ein Ding\n das geht\n"
CONTENTS = b"FILE  LOCATION\nusr/bin/a  utils/a,b\nusr/share/x y/z   non-free/c\n"
JSON = json.dumps([{"name": "a", "version": "1", "depends": ["b (>= 1) | c"], "files": ["/usr/bin/a"], "summary": "x",
                    "description": "y", "provides": [], "field": {"k": ["v", 1, 2.5, None, True]}},
                   {"name": "o", "removed": True}])
DOCUMENTS = json.dumps([{"id": "a", "title": "t", "text": "b\u00e9\ud83d\ude00", "keywords": ["k"]}])
IPS = (b"# x\nset name=pkg.fmri value=pkg://p/dev/gcc@7.0,5.11-0.1:20200101T000000Z\n"
       b"set name=pkg.summary value=\"a \\\"b\\\"\"\n"
       b"file 0123 path=usr/bin/gcc mode=0555 owner=root group=bin \\\n  pkg.size=1\ndepend fmri=pkg:/lib@1 type=require\n"
       b"depend type=group-any fmri=a fmri=b\nlink path=usr/bin/cc target=gcc\n")


_PLAIN = (("./control", CONTROL), ("./caf\udce9", b""))
_LONG = (("./usr/share/" + "long/" * 30 + "name", b"x"),)


def _tar(form: int, files: Sequence[tuple[str, bytes]], target: str = "passwd") -> bytes:
    """With one empty block at its end, not the twenty that tapes want."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("./link")
        link.type, link.linkname = tarfile.SYMTYPE, target
        archive.addfile(link)
        return made.getvalue() + bytes(512)


def _member(name: str, data: bytes) -> bytes:
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)


def deb(suffix: str = "") -> bytes:
    pack = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstandard.compress}[suffix]
    data = pack(_tar(tarfile.GNU_FORMAT, _PLAIN))
    return (b"!<arch>\n" + _member("debian-binary", b"2.0\n") + _member(f"control.tar{suffix}", data)
            + _member(f"data.tar{suffix}", data))


TARS = (
    _tar(tarfile.USTAR_FORMAT, _PLAIN), _tar(tarfile.USTAR_FORMAT, _LONG), _tar(tarfile.GNU_FORMAT, _LONG, "passwd" * 20),
    _tar(tarfile.PAX_FORMAT, _LONG, "passwd" * 20),
)
ARS = (b"!<arch>\n" + _member("debian-binary", b"2.0\n") + _member("odd/", b"abc") + _member("empty", b""),)
# In the order in which sources are asked.
FILENAMES = ("a.deb", "status", "Translation-de", "Packages", "documents.json", "a.jsonl", "a.p5m", "Contents-amd64")
SUBMISSIONS: tuple[tuple[bytes, ...], ...] = (
    tuple([deb(suffix) for suffix in ("", ".gz", ".xz", ".zst")]), (STATUS,), (TRANSLATION,),
    (CONTROL + b"\n" + CONTROL,), (DOCUMENTS.encode(),),
    (JSON.encode(), JSON[1:-1].replace("}, {", "}\n{").encode()), (IPS,), (CONTENTS,),
)
_STEPS = b"a - - none < 1 amd64 none **CONFIGURE**\na 1 amd64 none < 2 amd64 none /x.deb\n"
APT_JOBS = (b"VERSION 3\nAPT::Architecture=amd64\n\n" + _STEPS,)
_PACMAN = b"%NAME%\na\n\n%VERSION%\n1-1\n\n%DEPENDS%\nb>=1\nc: why\n\n%SIZE%\n12\n\n%INSTALLDATE%\n1600000000\n\n"
_APK = (b"P:musl\nV:1.2.4-r2\nA:x86_64\nI:100\np:so:a=1\nD:!b c>1 d~=2\nr:x\ni:y\nF:lib\nR:ld.so\nF:usr/bin\nR:a\n\n")
_NPM = json.dumps({"name": "a", "version": "1.0.0", "dependencies": {"b": "^1.2 || >=3 <4", "c": "npm:d@1.x"}, "license": "MIT",
                   "peerDependencies": {"e": "*"}, "peerDependenciesMeta": {"e": {"optional": True}}, "bin": {"a": "a.js"}})
_CONDA = json.dumps({"name": "a", "version": "1", "build": "0", "files": ["bin/a"], "subdir": "noarch", "size": 1,
                     "depends": ["b >=1,<2", "c 1.*|2", "d[version='>=1']"], "constrains": ["e 1"]})
_DIGITS = b"9" * 5000
_RPM = "\x1d".join((
    "a", "1", "2.0", "3", "noarch", "1600000000", "4096", "a summary", "(none)", "MIT", "", "", "x", "a-2.0-3.src.rpm",
    "what\nit is",
    "b\x1f12\x1f1.0\n(c if d)\x1f0\x1f\nrpmlib(x)\x1f16777226\x1f4\ne\x1f512\x1f(none)\n", "", "f\x1f0\x1f\n", "", "", "", "",
    "a\x1f8\x1f1:2.0-3\n", "/usr\n/usr/bin/a\n/usr/odd\nname\n",
)).encode() + b"\x1e"
# The later ones of each were faults once.
HOSTS: dict[str, tuple[bytes, ...]] = {
    "apk database": (_APK, _APK.replace(b"I:100", b"I:1\xc2\xb2"), _APK.replace(b"I:100", b"I:" + _DIGITS)),
    "apk world": (b"busybox>1 foo@edge\n",),
    "rpm output": (_RPM, _RPM * 2, _RPM.replace(b"\x1f1.0\n", b"\x1f1\x1f0\n")),
    "dpkg database": (STATUS + b"\n",),
    "dpkg list": (b"/.\n/usr\n/usr/bin/tool\n",),
    "pacman files": (b"%FILES%\nusr/\nusr/bin/a\n\n%BACKUP%\netc/a\tx\n\n",),
    "pacman database": (_PACMAN, _PACMAN.replace(b"12\n", b""), _PACMAN.replace(b"1-1\n", b""), _PACMAN.replace(b"16", _DIGITS),
                        _PACMAN.replace(b"16", b"1\xc2\xb2")),
    "pip metadata": ((b"Metadata-Version: 2.1\nName: a\nVersion: 1\nRequires-Dist: b[c] (>=1,!=2.*) ; python_version < '4' and "
                      b"(extra == 'x' or os_name in 'posix nt')\nSummary: x\nClassifier: y\n\ntext\n"),
                     b"Name: a\nVersion: 1\nRequires-Dist: b ~=" + _DIGITS + b".1\n\n"),
    "pip record": (b'a/b.py,sha256=x,1\n"a/""c"".py",,\n../../../bin/a,,\n',),
    "pip origin": (b'{"url": "git+https://a:b@c/d", "dir_info": {"editable": true}}', b"[" * 100_000, b'{"url": "\\ud800"}'),
    "npm package": (_NPM.encode(), _NPM.replace("1.2", "9" * 5000).encode(), _NPM.replace("MIT", "\\ud800").encode()),
    "conda package": (_CONDA.encode(), _CONDA.encode().replace(b">=1", b"\xed\xa0\x80"), _CONDA.encode("utf-16"),
                      _CONDA.replace("bin/a", "bin/\\ud800").encode(),
                      _CONDA.replace(">=1", "9" * 5000).encode()),
    "conda history": (b"==> 2020-01-01 00:00:00 <==\n# update specs: ['a', \"b=1\"]\n# remove specs: c,d\n",
                      b"# install specs: (1)\n", b"# install specs: " + b"(" * 5000 + b"\n", b"# install specs: [{[]: 1}]\n"),
}
QUESTIONS = (b'web server', b'"a b" AND NOT (x OR y:z*)', b"depends:libc6 WITH size>10M", b"path:/usr/*/[ab]? ~0.5",
             b"/^a(b|c)+$/i", b"pkg:a::path:<b>", b"name:a\\*b -c", b"requested:true changed<2w", b"a..b [x TO y]")
VERSIONS = (b"1:1.0~rc1-2\n1.0+b1", b"1.2_alpha3-r4\n1.2a", b"1!2.0rc1.post2.dev3+local.1\n2", b"1.0.0-alpha.1+x\nv1.0.0",
            b"5.11-0.1:20200101T000000Z\n5.11", b"1.0^git1~2\n1.0", "²\n1".encode(), b"1" * 60 + b"\n" + b"0" * 30)
NAMES = (b"Contents-amd64.gz@copy-2@full@id-abcdefghijklmnop", b"\x1b[31m\xe2\x80\xae\xff\n", b"0000002a+20@debian=7,a=1")
SETTINGS = (b"index = '/srv/index'  # ours\nquiet_seconds = 0.5\npolling = true\nprocesses = -1\n", b"a = 1_0\nb = 0x1\n[c]\n")
REQUESTS = (b"\x07INDEX|a|b,c\nREMOVE|a|\nQUERY|a+b|\n",)


def packed() -> tuple[bytes, ...]:
    text = CONTROL * 3
    return (gzip.compress(text), lzma.compress(text), bz2.compress(text), zstandard.compress(text), lz4.frame.compress(text))


def _record() -> bytes:
    releases = [["1", "amd64", {"summary": "x", "odd": "\udce9"}, {"depends": [[["libc6", "", ">=", "2"], ["b"]]]}]]
    return forward.encode_parts(releases, {"amd64": [1, frame.pack(b"/usr/bin/a")]}, {"": ["x", "y"]})


def _delta() -> bytes:
    changed = Changed("7-abcdef", b"12345678", {}, {}, 0, 3, _record())
    return delta.encode(Delta({"curl": changed}, {"libc6": Named("7-abcdef", {"curl": 1, "x": 0})}))


def _manifest() -> bytes:
    content = {
        "repo": "debian", "generation": 7, "partition": "package", "ordering": "debian", "parent": 6, "created": 1.5,
        "parent_checksum": "00000000", "writer": "x",
        "page_stamps": {"stamps": ["", "7-abcdef"], "pages": bytes(4) + b"\1" + bytes(3)},
        "shards": [["text", 1, "7-abcdef", 9, "00000000", 1, 1, b"a", b"b", "", 0]], "loose": {"a": 3}, "loose_paths": 1,
        "packages": 1, "filed": 1, "names": 1, "paths": 1, "facts_bytes": 1, "submissions": [["a", "b", "c", "full"]],
        "recent": ["a"], "fulls": {"meta/": ["00"]}, "change": [1, 0, 0, ["+a"], "pack"],
        "deltas": [["7-abcdef", 5, 7, 1, 99]], "tail": [["7-abcdef", _delta()]], "folded": 3,
    }
    return bytes(msgpack.packb(content, unicode_errors="surrogateescape"))


def contents(kind: str) -> tuple[bytes, ...]:
    """Of a file of an index, without its first line."""
    entry = ["7-abcdef", "", b"12345678", {"amd64": b"12345678"}, {}, 1, 2, 3]
    found: dict[str, tuple[bytes, ...]] = {
        "envelope": (msgpack.packb(["text", 1, ["a"]]), b"pkgindex 1 dead 7-abcdef 3 00000000\nabc"),
        "manifest": (_manifest(),),
        "page": (msgpack.packb({"curl": entry}), msgpack.packb({7: entry})),
        "forward": (msgpack.packb({"curl": _record()}), _record()),
        "reverse": (msgpack.packb({"curl": reverse.encode({"a": 1})}), reverse.encode({"a": 1, "b": 512})),
        "dead": (msgpack.packb(["text", 1, ["a", "b"]]),),
        "changes": (msgpack.packb([["a", "amd64", "removed", "1", "", 1.5, 2.5, ["1", "amd64", {}, {}]]]),
                    msgpack.packb([["a", "amd64", "removed", "1", "", 1.5, 2.5, ["1", "amd64", {}, "x"]]])),
        "delta": (_delta(),),
        "shard parts": (terms.encode_postings([1, 5], [9, 255]), frame.pack(b"x" * 99),
                        block.encode([b"/a\tb", b"/c\td"])[0], b"\2\0\0\0/a" + b"9" * 12 + b" a",
                        lists.encode([Listing("f", name, array("I", [1, 2])) for name in "ab"])),
        "journal": (journal.encode(journal.MAKE, "a/b", b"data", 1.5, 20)
                    + journal.encode(journal.REMOVE, "a/b", b"", 2.0, 60),),
        "commands": (commands.encode("debian", 42, "debian", []),
                     b"pkgindex 1 commands debian 42 debian 14\na\tb\t/usr/bin\t+\n",
                     b"pkgindex 1 commands debian 42 d\xe9bian 0\n"),
    }
    return found[kind]
