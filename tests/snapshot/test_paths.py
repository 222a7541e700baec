"""Questions about many paths at once, in shards of several blocks."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packer.world import REPO, drop, make, packed
from pkgindex.format.block import LINES
from pkgindex.snapshot.reader import Reader
from pkgindex.store.memory import MemoryBackend

# Signs that sort before and behind the tab that ends a path in its pair.
names = st.text(alphabet="\x01\t ab/", min_size=1, max_size=4).map(lambda name: f"/{name.strip('/') or 'a'}".replace("//", "/"))
filling = [f"/fill/{number:04}" for number in range(LINES)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shipped=st.dictionaries(st.sampled_from("pqr"), st.sets(names, max_size=20), min_size=1),
       asked=st.sets(names, max_size=20), beginning=names)
def test_many_paths_at_once_have_the_owners_that_each_has(
    shipped: dict[str, set[str]], asked: set[str], beginning: str, tmp_path: Path
) -> None:
    backend = MemoryBackend()
    make(backend, "package")
    shared = {f"/a/{number:04}" for number in range(2 * LINES)}
    files = {name: found | shared | set(filling) for name, found in shipped.items()}
    packed(backend, drop(tmp_path, [{"name": name, "files": sorted(found)} for name, found in files.items()]),
           loose_packages_max=0)
    snapshot = Reader(backend, REPO).snapshot()
    wanted = asked | {"/a/0003", "/a/0300", "/fill/0000"} | set().union(*shipped.values())
    found = [(path.decode(), owner) for path, owner in snapshot.owners(path.encode() for path in wanted)]
    assert sorted(found) == sorted((path, name) for name, paths in files.items() for path in paths & wanted)
    below = [(path.decode(), owner) for path, owner in snapshot.below(beginning.encode())]
    every = [(path, name) for name, paths in files.items() for path in paths]
    assert sorted(below) == sorted((path, name) for path, name in every if path.startswith(beginning))
