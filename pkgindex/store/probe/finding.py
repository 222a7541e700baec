"""What a trial found, as values."""

from __future__ import annotations

from typing import NamedTuple

GOOD, NOTE, BAD = "good", "note", "bad"
WRITING = "writing"


class Finding(NamedTuple):
    """*verdict*: `good`; `note`, where something is to be known; `bad`, where an index must not lie. *says* is what was found,
    *advice* what to do about it; *measured* is a number where there is one, in the unit that *says* gives it in.
    """

    check: str
    verdict: str
    says: str
    advice: str = ""
    measured: float | None = None


class Examined(NamedTuple):
    """A directory that was tried out; *expect* is what can be counted on there."""

    directory: str
    file_system: str
    options: tuple[str, ...]
    remote: bool
    findings: tuple[Finding, ...]
    expect: tuple[str, ...]

    @property
    def writable(self) -> bool:
        """Whether it was tried out at all: a host that may not write can only ask."""
        return all(finding.check != WRITING for finding in self.findings)

    @property
    def fit(self) -> bool:
        return all(finding.verdict != BAD for finding in self.findings)
