"""What became of a package on a host: installed, upgraded, downgraded or removed, from which version to which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pkgindex.model.package import Release
from pkgindex.model.versions.orderings import DEFAULT, compare

ACTIONS = ("installed", "upgraded", "downgraded", "removed")


class Change(NamedTuple):
    """`before` and `after` are versions, empty where there was none; `seen` is when it was found out, `at` when it happened as
    far as the package manager knows (else the same). Both are seconds since 1970.

    `record` is the last that was known of what was removed.
    """

    package: str
    architecture: str
    action: str
    before: str
    after: str
    at: float
    seen: float
    record: Release | None = None


def between(before: Iterable[Release], after: Iterable[Release], ordering: str = DEFAULT) -> Iterator[
    tuple[str, Release | None, Release | None]
]:
    """(action, release before, release after) for each step from what was known of a package to what is known now.

    One version in the place of another is an upgrade or a downgrade. Where several are installed side by side, each comes
    and goes for itself.

    >>> one, two = Release("1.9", "amd64"), Release("1.10", "amd64")
    >>> [action for action, _, _ in between([one], [two])], [action for action, _, _ in between([one, two], [one])]
    (['upgraded'], ['removed'])
    """
    old, new = _installed(before), _installed(after)
    gone, come = old.keys() - new.keys(), new.keys() - old.keys()
    for first, then in _replaced(old, new):
        gone, come = gone - {first}, come - {then}
        action = "downgraded" if compare(then[0], first[0], ordering) < 0 else "upgraded"
        yield action, old[first], new[then]
    for key in sorted(gone):
        yield "removed", old[key], None
    for key in sorted(come):
        yield "installed", None, new[key]


_Key = tuple[str, str]


def _installed(releases: Iterable[Release]) -> dict[_Key, Release]:
    """Those that are installed, by version and architecture: of what was removed some managers know a last remainder."""
    return {
        (release.version, release.architecture): release
        for release in releases
        if release.fields.get("installed", "true") == "true"
    }


def _replaced(old: dict[_Key, Release], new: dict[_Key, Release]) -> Iterator[tuple[_Key, _Key]]:
    """Where one version of an architecture was and another is, or the only one is of another architecture now."""
    if len(old) == len(new) == 1:
        (first,), (then,) = old, new
        if first[0] != then[0]:
            yield first, then
        return
    for architecture in sorted({key[1] for key in old}):
        first_keys, then_keys = ([key for key in keys if key[1] == architecture] for keys in (old, new))
        if len(first_keys) == len(then_keys) == 1 and first_keys != then_keys:
            yield first_keys[0], then_keys[0]
