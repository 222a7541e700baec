"""Packages as hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

from pkgindex.model.package import KINDS, Alternative, Package, Release, Text

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Zs", "Cc"]), min_size=1, max_size=12)
alternatives = st.builds(
    Alternative, names, st.sampled_from(["", "any"]), st.sampled_from(["", ">=", "="]), words, words, words
)
relations = st.lists(st.lists(alternatives, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple)
releases = st.builds(
    Release, words, words, st.dictionaries(words, words, max_size=3),
    st.dictionaries(st.sampled_from(KINDS), relations, max_size=3),
)  # fmt: skip
path_bytes = st.binary(min_size=1, max_size=8).map(lambda raw: b"/" + raw.replace(b"\n", b"\0"))
paths = st.one_of(path_bytes, st.text("ab/ \t\0\u00e9", min_size=1, max_size=12).map(lambda text: b"/" + text.encode()))
file_lists = st.lists(paths, min_size=1, max_size=6, unique=True).map(sorted)
packages = st.builds(
    lambda name, found, files, texts: Package(
        name, {(release.version, release.architecture): release for release in found}, files, texts
    ),
    names, st.lists(releases, max_size=3), st.dictionaries(words, file_lists, max_size=2),
    st.dictionaries(words, st.builds(Text, words, words), max_size=2),
)  # fmt: skip
