"""Packages in the order in which they can be indexed: what depends on each other in a circle stands together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

# Of each package the names that it depends on.
Needs = Mapping[str, Sequence[str]]


def components(needs: Needs) -> list[tuple[str, ...]]:
    """The packages of *needs* in groups that depend on each other, and dependencies before those that need them.

    Names that are no packages of *needs* are passed over. Two walks, as S. R. Kosaraju has it; without recursion, for a
    chain of dependencies may be as long as the list.

    >>> components({"c": ["b"], "a": ["b", "libc"], "b": ["a"], "libc": []})
    [('libc',), ('a', 'b'), ('c',)]
    """
    dependants: dict[str, list[str]] = {package: [] for package in needs}
    for package, names in needs.items():
        for name in names:
            if name in dependants:
                dependants[name].append(package)
    seen: set[str] = set()
    finished = [name for package in sorted(needs) for name in _walked(package, dependants, seen)]
    seen = set()
    found = [tuple(sorted(_walked(package, needs, seen))) for package in reversed(finished)]
    return [component for component in found if component]


def is_cyclic(component: Sequence[str], needs: Needs) -> bool:
    """Whether the packages of *component* need themselves: none of them can be the first."""
    return len(component) > 1 or component[0] in needs[component[0]]


def _walked(start: str, edges: Mapping[str, Sequence[str]], seen: set[str]) -> Iterator[str]:
    """What can be reached from *start* and was not *seen*, each after all that is reached from it."""
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(edges[start]))]
    while path:
        package, ahead = path[-1]
        following = next((name for name in ahead if name in edges and name not in seen), None)
        if following is None:
            path.pop()
            yield package
        else:
            seen.add(following)
            path.append((following, iter(edges[following])))
