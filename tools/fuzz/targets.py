"""All that is fuzzed, by name.

What a target raises is a fault, and so is a promise that does not hold; see the module that it is in.
"""

from __future__ import annotations

from fuzz import hosts, indexfiles, submissions, words

TARGETS = {**submissions.targets(), **hosts.targets(), **indexfiles.targets(), **words.targets()}
