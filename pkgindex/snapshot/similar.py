"""Names that look like another: by the trigrams that they share, for those who mistyped one.

The likeness is Dice's coefficient: twice the shared trigrams by all that both have, 1 for the same name. A short name of
which two neighbours changed places shares hardly any: such names are looked up one by one, and count as almost the same.

Dice: Measures of the Amount of Ecologic Association Between Species (1945).
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator

from pkgindex.format.tokens import SIMILAR
from pkgindex.format.words import trigrams
from pkgindex.snapshot.text import LooseText, TextShard

# Below it names have little more in common than an ending.
LIKENESS_MIN = 0.4
SWAPPED_LIKENESS = 0.9
# Those that share the most trigrams are looked at: a long name that shares many is less like than a short one that shares some.
LOOKED_AT = 200
# No package is called by more, and what is that long is no mistyped name.
NAME_CHARACTERS_MAX = 255


def similar(shards: Iterable[TextShard | LooseText], name: str, most: int) -> list[str]:
    """At most *most* names of packages that are like *name*, the likest first; none for what is longer than any name."""
    if len(name) > NAME_CHARACTERS_MAX:
        return []
    found = {other for shard in shards for other in _candidates(shard, name)}
    return nearest(name, found)[:most]


def nearest(name: str, others: Iterable[str]) -> list[str]:
    """Those of *others* that are like *name*, the likest first; none for what is longer than any name."""
    if len(name) > NAME_CHARACTERS_MAX:
        return []
    alike = [(-likeness(name, other), other) for other in others]
    return [other for negative, other in sorted(alike) if -negative >= LIKENESS_MIN]


def likeness(one: str, other: str) -> float:
    """How much two names are like each other, 0 to 1.

    >>> likeness("curl", "Curl"), likeness("curl", "crul"), likeness("curl", "curlie"), likeness("curl", "wget")
    (1.0, 0.9, 0.6, 0.0)
    """
    first, second = trigrams(one), trigrams(other)
    shared = 2 * len(first & second) / (len(first) + len(second))
    return max(shared, SWAPPED_LIKENESS) if are_swapped(one.casefold(), other.casefold()) else shared


def are_swapped(one: str, other: str) -> bool:
    """Whether two names differ by two neighbours that changed places, and by nothing else.

    >>> are_swapped("abb", "bab"), are_swapped("abb", "abb"), are_swapped("abb", "bba")
    (True, False, False)
    """
    place = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))
    after = place + 2
    return place < len(one) and one[place:after] == other[place:after][::-1] and one[after:] == other[after:]


def swapped(name: str) -> set[str]:
    """The names that differ from it by two neighbours that changed places.

    >>> sorted(swapped("abb"))
    ['bab']
    """
    other = {name[:place] + name[place + 1] + name[place] + name[place + 2 :] for place in range(len(name) - 1)}
    return other - {name}


def _candidates(shard: TextShard | LooseText, name: str) -> Iterator[str]:
    yield from shard.numbers_of(swapped(name) | swapped(name.casefold()))
    shared: Counter[int] = Counter()
    for trigram in trigrams(name):
        shared.update(shard.attribute(SIMILAR, trigram))
    chosen = heapq.nlargest(LOOKED_AT, shared.items(), key=lambda item: (item[1], -item[0]))
    yield from (found for found, _ in shard.packages([number for number, _ in chosen]).values())
