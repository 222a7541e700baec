"""Words: what running text and names are taken apart into, before anything is listed or ranked."""

from __future__ import annotations

import re

TERM_CHARACTERS_MAX = 64

# The signs all or not at all: `libstdc++6` is found by `libstdc`.
_WORD = re.compile(r"[^\W_]+(?:[+#]++(?!\w))?")


def words(text: str) -> list[str]:
    """The words of a text, folded: letters and digits, with the plus or sharp signs of a language's name.

    >>> words("A C++ library, don't panic: x86_64")
    ['a', 'c++', 'library', 'don', 't', 'panic', 'x86', '64']
    """
    return spelled(text.casefold())


def spelled(text: str) -> list[str]:
    """The same, each word as it is written."""
    return [word[:TERM_CHARACTERS_MAX] for word in _WORD.findall(text)]


def name_words(name: str) -> list[str]:
    """The words a package is found under by its name: the whole, what goes to its end, its parts, and parts without `lib`
    and numbers.

    >>> name_words("libssl3"), name_words("python3-numpy"), name_words("web/g++")
    (['libssl3', 'libssl', 'ssl'], ['python3-numpy', 'python3', 'numpy', 'python'], ['web/g++', 'g++', 'web'])
    """
    folded = name.casefold()
    found = dict.fromkeys(part[:TERM_CHARACTERS_MAX] for part in trailing_parts(folded) or [folded])
    parts = words(folded)
    found.update(dict.fromkeys(parts))
    for part in parts:
        stem = part.rstrip("0123456789")
        if len(stem) > 1 and stem != part:
            found[stem] = None
        if stem.startswith("lib") and len(stem) > 5:
            found[stem[3:]] = None
    return list(found)


def trailing_parts(name: str) -> list[str]:
    """The parts of a name that go to its end.

    >>> trailing_parts("pa/pb/pfoo"), trailing_parts("curl")
    (['pa/pb/pfoo', 'pb/pfoo', 'pfoo'], ['curl'])
    """
    parts = name.split("/")
    return ["/".join(parts[place:]) for place in range(len(parts)) if parts[place]]


def trigrams(name: str) -> set[str]:
    """The runs of three characters of a name, with a space before it and one behind.

    >>> sorted(trigrams("Curl"))
    [' cu', 'cur', 'rl ', 'url']
    """
    text = f" {name.casefold()} "
    return {text[place : place + 3] for place in range(len(text) - 2)}
