"""Where an alternative holds: the architectures and build profiles that stand behind it (deb-control(5) and the Debian
policy, 7.1 and 11.1).

    libseccomp2 [linux-any]      on every Linux
    libc6 [!hurd-i386]           everywhere but there
    texlive <!nodoc>             unless that profile is built for; of packages that are built none is
"""

from __future__ import annotations

from pkgindex.model.package import Alternative


def holds_on(alternative: Alternative, architecture: str) -> bool:
    """Whether *alternative* means anything to a release for *architecture*; one for all is on none that is named.

    >>> holds_on(Alternative("x", architectures="linux-any"), "arm64"), holds_on(Alternative("x", profiles="cross"), "arm64")
    (True, False)
    """
    return _is_listed(alternative.architectures.split(), architecture) and _is_built(alternative.profiles)


def _is_listed(listed: list[str], architecture: str) -> bool:
    wanted = [pattern for pattern in listed if not pattern.startswith("!")]
    if wanted:
        return any(_fits(pattern, architecture) for pattern in wanted)
    return not any(_fits(pattern[1:], architecture) for pattern in listed)


def _fits(pattern: str, architecture: str) -> bool:
    if pattern == "any":
        return True
    # Those of one part are of Linux: amd64 is linux-amd64.
    system, _, processor = pattern.rpartition("-")
    own_system, _, own_processor = architecture.rpartition("-")
    return system in ("any", own_system, own_system or "linux") and processor in ("any", own_processor)


def _is_built(profiles: str) -> bool:
    """One list of several is enough; in it all must hold, and without any profile those with `!` do."""
    lists = profiles.replace(">", " <").split("<")
    stated = [listed.split() for listed in lists if listed.strip()]
    return not stated or any(all(term.startswith("!") for term in terms) for terms in stated)
