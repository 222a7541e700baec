"""What a submission may ask of us: a limit on everything that grows with bytes somebody else wrote."""

from __future__ import annotations

from typing import NamedTuple

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class Limits(NamedTuple):
    unpacked_bytes_max: int = 64 * GIB
    # Unpacked over packed, looked at once more than `ratio_free_bytes` came out: a small file may well be mostly zeros.
    ratio_max: int = 2000
    ratio_free_bytes: int = 256 * MIB
    # What `xz -9` (65 MiB) and `zstd --ultra -22` (128 MiB) need to be read.
    window_bytes_max: int = 160 * MIB
    line_bytes_max: int = MIB
    stanza_bytes_max: int = 4 * MIB
    # One JSON value may be one package with its hundred thousand files. Lists of nothing take 46 times their size in memory:
    # so what stands between commas is counted too.
    value_bytes_max: int = 32 * MIB
    value_items_max: int = 1_000_000
    path_bytes_max: int = 4096
    packages_max: int = 10_000_000
    paths_max: int = 500_000_000
    # What is laid together in memory at once: the packages whose names fall together, or one that is all of them. The lists
    # of whole distributions bring 30 MiB; no package has a twentieth of the limit.
    together_bytes_max: int = 256 * MIB
    # Entries of the tar archives in a .deb.
    members_max: int = 2_000_000
    # Faults handed on one by one; more are only counted.
    faults_max: int = 1000


DEFAULT = Limits()
