"""Memory and local directory answer alike, whatever is asked in whatever order."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pkgindex.errors import StoreError
from pkgindex.store.backend import Backend
from pkgindex.store.local import LocalBackend
from pkgindex.store.memory import MemoryBackend
from store.contract import BAD_NAMES, makers

DIRECTORIES = ("", "d", "d/deep", "e", "missing")
BLOBS = ("top", "d/one", "d/two", "d/deep/one", "e/one")
NAMES = st.sampled_from(BLOBS) | st.sampled_from(BLOBS) | st.sampled_from((*BAD_NAMES, "d", "missing/one"))
# A store never has a name that is a directory elsewhere, so only reading tries it.
MADE = st.sampled_from((*BLOBS, *BLOBS, *BAD_NAMES))
# On a disk of memory, where there is one: the flushes are real, their waiting is of no use here.
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def outcome(act: Callable[[], object]) -> object:
    try:
        return act()
    except StoreError as error:
        return type(error)


class Agreement(RuleBasedStateMachine):
    memory: MemoryBackend
    local: LocalBackend

    @initialize(remote=st.booleans())
    def begin(self, remote: bool) -> None:
        self.root = tempfile.mkdtemp(prefix="pkgindex-", dir=PLACE)
        self.memory, self.local = MemoryBackend(), LocalBackend(self.root, remote)

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    def agree(self, ask: Callable[[Backend], object]) -> None:
        assert outcome(lambda: ask(self.memory)) == outcome(lambda: ask(self.local))

    @rule(how=st.sampled_from(["create", "link", "adopt"]), name=MADE, data=st.binary(max_size=20))
    def make(self, how: str, name: str, data: bytes) -> None:
        self.agree(lambda backend: makers(backend)[how](name, data))

    @rule(names=st.lists(MADE, max_size=4))
    def flush(self, names: list[str]) -> None:
        self.agree(lambda backend: backend.flush(names))

    @rule(name=MADE)
    def remove(self, name: str) -> None:
        self.agree(lambda backend: backend.remove(name))

    @rule(name=NAMES)
    def read(self, name: str) -> None:
        self.agree(lambda backend: backend.read(name))
        self.agree(lambda backend: backend.size(name))

    @rule(name=NAMES)
    def look(self, name: str) -> None:
        self.agree(lambda backend: isinstance(backend.age_seconds(name), float))

    @invariant()
    def the_same_blobs_are_listed(self) -> None:
        if not hasattr(self, "root"):
            return
        for directory in DIRECTORIES:
            prefix = f"{directory}/" if directory else ""
            blobs = [
                {name for name in backend.names(directory) if prefix + name in BLOBS}
                for backend in (self.memory, self.local)
            ]
            assert blobs[0] == blobs[1]
            # A directory may outlive what was in it.
            assert set(self.memory.names(directory)) <= set(self.local.names(directory))


TestAgreement = pytest.mark.filterwarnings("error")(Agreement.TestCase)
TestAgreement.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
