"""Narrowing never loses a match: what is found in a shard is what plain matching over the list of paths finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packer.world import drop, newest, packed
from pkgindex.errors import BadInput
from pkgindex.format import block
from pkgindex.query import patterns
from pkgindex.query.patterns import Pattern
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.memory import MemoryBackend

PATHS = sorted([
    "/usr/bin/python3", "/usr/bin/python3.11", "/usr/bin/pydoc3", "/usr/lib/libcrypto.so.3", "/usr/lib/LIBCRYPTO.SO",
    "/sbin/sshd", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc++.so.1",
    "/usr/share/doc/libc6/copyright", "/usr/share/a b", "/etc/systemd/system/sshd.service", "/etc/init.d/ssh", "/a",
    "/ab", "/abc", "/a.b", "/a*b", "/a[b]", "/a\\b", '/a"b"', "/a'b", "/a(b)", "/aaa/aaaa", "/abab/ababab", "/ss/sss",
    "/usr/share/caf\u00e9", "/usr/share/CAF\u00c9", "/stra\u00dfe", "/p\u0131n", "/P\u0130N", "/pin", "/PIN",
    "/\u017fi\u017f", "/\u212aelvin", "/\ufffd\ufffd\ufffd", "/caf\udce9/x", "/\udcff\udcfe\udcfd",
    "/\u65e5\u672c\u8a9e/\u65e5", "/new\0line/x", "/\0\0/ab\0", "/ta\tb", "/\x01\x02\x03", "/trailing ",
    "/x/y/z/\u00b5m", "/x/y/z/\u03bcm", "/\u1c80\u0432", "/\u13a0\uab70", "/usr/share/man/man1/a.1.gz",
    *[f"/usr/share/doc/p{number}/changelog.gz" for number in range(8)],
], key=lambda path: path.encode("utf-8", "surrogateescape") + b"\t")  # fmt: skip


def indexed(directory: Path, shards: bool) -> Snapshot:
    backend = MemoryBackend()
    files = [path.replace("\0", "\n") for path in PATHS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "LINES", 4)
        packed(backend, drop(directory, [{"name": "all", "files": files}]), loose_packages_max=0 if shards else 64)
    return newest(backend)


@pytest.fixture(scope="module", params=[True, False], ids=["shards", "loose"])
def snapshot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    return indexed(tmp_path_factory.mktemp("drops"), request.param)


def found(snapshot: Snapshot, pattern: Pattern) -> list[str]:
    batches = snapshot.matching(*pattern)
    return [path.replace("\n", "\0") for path in chain.from_iterable(paths for paths, _ in batches)]


def stored(text: str) -> str:
    return text.replace("\n", "\0")


# The expressions that are tried: pieces of the paths themselves, and all that `re` has, with no repeat inside a repeat.
pieces = st.builds(lambda path, start, length: path[start : start + length], st.sampled_from(PATHS), st.integers(0, 12),
                   st.integers(1, 6))
literals = pieces.filter(bool).map(lambda text: re.escape(text.replace("\0", "\n")))
classes = st.sampled_from(
    [".", "[abc]", "[a-f]", "[^/]", "[^a-z]", r"\d", r"\w", r"\s", r"\W", "[s-]", r"[\w.]", "[i\u0131]", "[\u00e9]"]
)
places = st.sampled_from(["^", "$", r"\b", r"\B", r"\A", r"\Z", "^/", "b$", "3$"])
flat = st.one_of(
    literals, classes, literals.map(lambda text: f"(?:{text})"),
    st.lists(literals, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
)  # fmt: skip
often = ["?", "*", "+", "{2}", "{1,3}", "{2,}", "{0,1}", "{0}", "*?", "+?", "??", "{1,2}?", "++", "?+", "*+", "{5}"]
repeated = st.builds(lambda what, how: f"(?:{what}){how}", flat, st.sampled_from(often))
grouped = ["?=", "?!", "?>", "?<=", "?<!", "?i:", "?s:", ""]
around = st.builds(lambda how, what: f"({how}{what})", st.sampled_from(grouped), flat)
sequences = st.lists(st.one_of(flat, flat, repeated, around, places), min_size=1, max_size=4).map("".join)
nested = st.recursive(
    sequences,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("|".join), inner.map(lambda text: f"({text})"),
        st.builds(lambda left, right: f"(?:{left}){right}", inner, inner), inner.map(lambda text: f"({text})\\1"),
        inner.map(lambda text: f"(?i:{text})"), inner.map(lambda text: f"(?:{text}|)"),
    ),
    max_leaves=4,
)  # fmt: skip
expressions = st.one_of(nested, nested, nested.map(lambda text: f"(?i){text}"), nested.map(lambda text: f"(?s){text}"),
                        nested.map(lambda text: f"(?m){text}"), nested.map(lambda text: f"(a)?(?(1){text}|x)"))


def compiled(expression: str, flags: int) -> re.Pattern[str] | None:
    try:
        return re.compile(stored(expression), flags)
    except re.error:
        return None


@settings(max_examples=5 * settings().max_examples)
@given(expression=expressions, ignore_case=st.booleans())
@example(expression="p(i)n", ignore_case=True)
@example(expression="caf\u00c9", ignore_case=True)
@example(expression="(?i:pin)", ignore_case=False)
@example(expression="\u0432\u0432|\u13a0\u13a0", ignore_case=True)
@example(expression="(?:lib|LIB)c[r+]", ignore_case=False)
@example(expression="/s[a-z]+d$", ignore_case=False)
@example(expression=r"(?<=lib)c(?=\+)", ignore_case=False)
@example(expression=r"b$|3$", ignore_case=False)
@example(expression=r"(?:ab){3}", ignore_case=False)
@example(expression=r"(?:ab)+/", ignore_case=False)
@example(expression=r"\Bb\b", ignore_case=False)
@example(expression="a\nb", ignore_case=False)
def test_a_regex_finds_what_re_finds(snapshot: Snapshot, expression: str, ignore_case: bool) -> None:
    plain = compiled(expression, re.IGNORECASE if ignore_case else 0)
    if plain is None:
        with pytest.raises(BadInput):
            patterns.regex(expression, ignore_case)
        return
    assert found(snapshot, patterns.regex(expression, ignore_case)) == [path for path in PATHS if plain.search(path)]


@given(text=st.one_of(pieces, st.text("abi\n\0 /\"'*", max_size=4)), ignore_case=st.booleans())
@example(text="", ignore_case=False)
@example(text='a"b', ignore_case=False)
@example(text="\udcff\udcfe", ignore_case=False)
@example(text="new\nline", ignore_case=False)
def test_a_substring_is_found_wherever_it_stands(snapshot: Snapshot, text: str, ignore_case: bool) -> None:
    if "\0" in text:  # no path has one
        assert found(snapshot, patterns.substring(text, ignore_case)) == []
        return
    wanted = re.compile(re.escape(stored(text)), re.IGNORECASE if ignore_case else 0)
    assert found(snapshot, patterns.substring(text, ignore_case)) == [path for path in PATHS if wanted.search(path)]


def shell(pattern: str, text: str, crossing: bool) -> bool:
    """Whether a shell pattern matches all of *text*, tried character by character."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return shell(rest, text, crossing) or (_any(text, crossing) and shell(pattern, text[1:], crossing))
    if head == "[":
        negated = rest[:1] in ("!", "^")
        end = rest.find("]", 1 + negated)
        if end > 0:
            fits = bool(text) and _in_class(rest[negated:end], text[0], negated, crossing)
            return fits and shell(rest[end + 1 :], text[1:], crossing)
    if head == "?":
        return _any(text, crossing) and shell(rest, text[1:], crossing)
    return text[:1] == head and shell(rest, text[1:], crossing)


def _any(text: str, crossing: bool) -> bool:
    return bool(text) and (crossing or text[0] != "/")


def _in_class(members: str, character: str, negated: bool, crossing: bool) -> bool:
    listed = set()
    while members:
        if len(members) > 2 and members[1] == "-":
            listed |= {chr(code) for code in range(ord(members[0]), ord(members[2]) + 1)}
            members = members[3:]
        else:
            listed.add(members[0])
            members = members[1:]
    return (character in listed) is not negated and (not negated or crossing or character != "/")


def as_shell(pattern: str, path: str) -> bool:
    if "/" not in pattern:
        return shell(pattern, path.rpartition("/")[2], False)
    if pattern.startswith(("/", "*")):
        return shell(pattern, path, True)
    return any(shell(pattern, path[place + 1 :], True) for place, character in enumerate(path) if character == "/")


signs = ["*", "?", "[abc]", "[!a]", "[^ab]", "[a-c]", "[]]", "[!]]", "[", "]", "[[]", "[&|~]", "/", "\\", "{", "("]
shells = st.lists(
    st.one_of(st.sampled_from(signs), pieces), min_size=1, max_size=5,
).map("".join).filter(lambda text: "\0" not in text and text.count("*") < 4)  # fmt: skip


@settings(max_examples=3 * settings().max_examples)
@given(pattern=shells)
@example(pattern="*.so.?")
@example(pattern="lib*")
@example(pattern="doc/*/changelog.gz")
@example(pattern="/usr/*/python3*")
@example(pattern="a[!x]b")
@example(pattern="x[!a]y")
@example(pattern="[")
def test_a_shell_pattern_finds_what_a_shell_finds(snapshot: Snapshot, pattern: str) -> None:
    try:
        made = patterns.glob(pattern)
    except BadInput:
        assert re.search(r"\[.*-.*\]", pattern), "only a range can be bad, and only the wrong way round"
        return
    assert found(snapshot, made) == [path for path in PATHS if as_shell(pattern, path)]


@pytest.mark.parametrize(
    ("expression", "place"),
    [("(", 0), ("a(", 1), ("[", 0), ("ab[c", 2), ("*a", 0), ("a**", 2), ("a{2,1}", 2), ("a)", 1), ("(?P<x", 4), ("a\\", 1),
     ("(?<=a*)b", None), ("\\q", 0), ("(?P=x)", 4), ("x(?i)", 1)],
)  # fmt: skip
def test_a_bad_regex_says_what_and_shows_where(expression: str, place: int | None) -> None:
    with pytest.raises(BadInput, match="not a regular expression") as caught:
        patterns.regex(expression)
    lines = str(caught.value).split("\n")
    if place is None:
        assert len(lines) == 1
    else:
        assert lines[1:] == [f"    {expression}", f"    {' ' * place}^"]


@pytest.mark.parametrize("text", ["(" * 1500 + ")" * 1500, "a" * 5000, "(?:" * 600 + "a" + ")" * 600, "a{99999999999}"])
def test_a_huge_or_deep_pattern_is_refused_and_no_crash(text: str) -> None:
    for make in (patterns.regex, patterns.glob) if text.startswith("a") else (patterns.regex,):
        try:
            assert make(text).narrow is not None
        except BadInput as error:
            assert len(str(error)) < 10_000


@pytest.mark.parametrize("depth", [10, 50, 100, 200])
def test_a_deep_pattern_that_re_takes_is_taken(snapshot: Snapshot, depth: int) -> None:
    expression = "(?:" * depth + "libcrypto" + ")" * depth
    try:
        re.compile(expression)
    except RecursionError:
        return
    assert found(snapshot, patterns.regex(expression)) == ["/usr/lib/libcrypto.so.3"]


def test_a_long_substring_is_taken(snapshot: Snapshot) -> None:
    assert found(snapshot, patterns.substring("/usr/share/" * 300)) == []


@pytest.mark.parametrize(
    "text",
    ['"', '""', 'a" OR "b', "NEAR(", "-abc", "^abc", "{text}: abc", "text:abc", "AND", "(abc", "'; DROP TABLE blocks; --"],
)
def test_what_full_text_search_would_read_as_its_own_is_only_text(snapshot: Snapshot, text: str) -> None:
    assert found(snapshot, patterns.substring(text)) == [path for path in PATHS if text in path]
    assert found(snapshot, patterns.regex(re.escape(text))) == [path for path in PATHS if text in path]


@pytest.mark.parametrize(
    ("expression", "narrow"),
    [
        ("libc", '"lib" AND "ibc"'),
        ("ab", ""),
        (".*", ""),
        ("abc?", ""),
        ("abc$", '"abc" AND "bc\n"'),
        ("abc|xyz", '(("abc") OR ("xyz"))'),
        ("abc|x", ""),
        ("a[bc]d", '("abd" OR "acd")'),
        ("(?:abc)+", '"abc"'),
        ("(?i:abc)", ""),
        ("abc(?!x)", '"abc"'),
        ('a"b', '"a""b"'),
    ],
)
def test_what_every_match_must_have_narrows(expression: str, narrow: str) -> None:
    assert patterns.regex(expression).narrow == narrow


def once_plain(text: str) -> str:
    """A shell pattern as an expression that is tried in all ways."""
    if "/" in text:
        start = "^" if text.startswith(("/", "*")) else "^.*/"
        return start + "".join(patterns.shell_parts(text, patterns.ANYWHERE)) + "$"
    return "/" + "".join(patterns.shell_parts(text, patterns.IN_A_PART)) + "$"


@given(st.text("ab/**?c[]!A", max_size=8), st.lists(st.text("ab/cA\0", max_size=9), max_size=12), st.booleans())
def test_a_shell_pattern_finds_what_it_finds_tried_in_all_ways(text: str, endings: list[str], ignore_case: bool) -> None:
    paths = [f"/{ending}" for ending in endings]
    try:
        plain = patterns.regex(once_plain(text), ignore_case)
    except BadInput:
        return
    pattern = patterns.glob(text, ignore_case)
    assert pattern.select(paths) == plain.select(paths)
    assert pattern.narrow == plain.narrow
    assert pattern.may("\n".join(paths)) or not plain.select(paths)


@pytest.mark.parametrize("text", ["*a" * 40 + "*b", "/" + "*a" * 40 + "*b", "x/" + "*a" * 40 + "*b", "*[+-z]" * 40 + "*!"])
@pytest.mark.parametrize("end", ["$", "/[^/]*$"])
def test_a_shell_pattern_of_many_stars_comes_to_an_end(text: str, end: str) -> None:
    paths = ["/x/" + "a" * 2000, "/x/" + "a" * 2000 + "/c"]
    for pattern in (patterns.glob(text, True, end), patterns.key_glob(text, True)):
        pattern.may("\n".join(paths))
        assert pattern.select(paths) == []


def test_a_range_does_not_reach_across_a_slash() -> None:
    assert patterns.glob("a[+-z]b").select(["/a/b", "/axb"]) == [1]


@pytest.mark.parametrize("repeat", ["+", "{4}", "{2,}"])
def test_repeats_within_repeats_are_read_a_limited_number_of_times(repeat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[list[str]] = []
    extend = patterns._Runs.extend

    def counted(runs: patterns._Runs, choices: list[str]) -> None:
        steps.append(choices)
        extend(runs, choices)

    monkeypatch.setattr(patterns._Runs, "extend", counted)
    patterns.regex("(" * 40 + "ab" + f"){repeat}" * 40)
    assert 0 < len(steps) <= patterns.STEPS_MAX


def test_beyond_the_steps_that_are_read_nothing_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "STEPS_MAX", 4)
    assert patterns.regex("abcdef").narrow == '"abc" AND "bcd"'
    assert patterns.regex("(abc|defghi)").narrow == ""
    monkeypatch.setattr(patterns, "STEPS_MAX", 6)
    assert patterns.regex("(abc)+xyz").narrow == '"abc"'


@pytest.mark.parametrize("text", [
    "abc(def|" * 30 + "xyz" + ")" * 30, "(abc|" * 90 + "xyz" + ")" * 90, "(?i:iii|" * 14 + "iii" + ")" * 14, "[abc]{4}" * 400,
    "".join(map(chr, range(0x4E00, 0x4E00 + 4000))), "(?:abc|def)" * 370, "iii(iib|" * 9 + "xyz" + ")" * 9,
])  # fmt: skip
@pytest.mark.parametrize("ignore_case", [False, True])
def test_a_complicated_expression_finds_what_it_finds_without_an_index(
    text: str, ignore_case: bool, snapshot: Snapshot,
) -> None:  # fmt: skip
    pattern = patterns.regex(text, ignore_case)
    assert found(snapshot, pattern) == [PATHS[place] for place in pattern.select(PATHS)]


def test_a_long_text_asks_for_some_of_its_trigrams(snapshot: Snapshot) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    assert found(snapshot, patterns.substring(text)) == []
    assert patterns.substring(text).narrow.count(" AND ") == patterns.TRIGRAMS_MAX - 1
