"""What goes on in a long run, each lane in a thread of its own: its steps, and what must have become of them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

from battery.plans import Step, steps
from battery.running import Daemon, Ground
from battery.saying import LETTERS, needs_of, slot_count
from pkgindex.errors import NoServer
from pkgindex.service.tree.conversation import Conversation
from pkgindex.service.tree.protocol import Request
from pkgindex.snapshot.reader import Reader
from pkgindex.snapshot.snapshot import Snapshot
from pkgindex.store.local import LocalBackend

BUSY = 4
# What a rebuild says that is not left alone for long enough.
OVERTAKEN = "another writer was first"


def reader(ground: Ground, repo: str) -> Reader:
    return Reader(LocalBackend(f"{ground.index}/{repo}"), repo)


def walk(ground: Ground, lane: str, seed: int, act: Callable[[Step], None], most: int) -> None:
    """Do the steps of *lane* until the run is over, *most* at the most; an error of ours is a fault of the run."""
    for number, step in enumerate(steps(lane, seed)):
        if ground.over.is_set() or number == most:
            return
        try:
            act(step)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed, and the others go on
            ground.fault(f"{lane}, step {number}, {step}: {error!r}")
            return
        ground.count(f"steps of {lane}")


class Submitting:
    """Each slot is four packages that say the same count, one more each time. *known* is what was packed, as somebody has
    read; *sent* is what was submitted or may have been.
    """

    def __init__(self, ground: Ground, known: Any, sent: Any) -> None:
        self._ground, self._known, self._sent = ground, known, sent
        self._reader = reader(ground, "drops")
        # What is in the spool for certain, by slot.
        self.acknowledged: dict[int, int] = {}

    def __call__(self, step: Step) -> None:
        [slot] = step.numbers
        # Again the same if it is on its way, so that it does not matter which of the two is packed last.
        if self.is_settled(slot):
            self._sent[slot] += 1
        count = self._sent[slot]
        path = f"{self._ground.directory}/s{slot}-{count}.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(package)}\n" for package in packages(slot, count))
        if self._ground.run(["submit", "drops", path], killed=step.killed).code == 0:
            self.acknowledged[slot] = count
        os.unlink(path)

    def is_settled(self, slot: int) -> bool:
        """Whether what was sent is packed, and nothing of the slot is in the spool, so that it may go on."""
        if any(name.startswith(f"s{slot}-") for name in in_spool(self._ground)):
            return False
        self._known[slot] = self._reader.ask(lambda snapshot: slot_count(snapshot, slot))
        return bool(self._known[slot] == self._sent[slot])


def packages(slot: int, count: int) -> list[dict[str, Any]]:
    following = [*LETTERS[1:], ""]
    return [{"name": f"s{slot}-{letter}", "files": [f"/s/{slot}/{letter}/{count}"], "releases": [
                {"version": "1", "depends": [f"v{slot}-{letter}-{count}", *([f"s{slot}-{other}"] if other else [])]}]}
            for letter, other in zip(LETTERS, following, strict=True)]


def in_spool(ground: Ground) -> list[str]:
    """Submissions that wait, or are being packed."""
    return [name for part in ("incoming", "claimed") for _, _, names in os.walk(f"{ground.spool}/drops/{part}")
            for name in names if not name.startswith(".") and name != "heartbeat"]


class Client:
    """Of two tree servers, with names of its own: so every answer is known beforehand, whoever else changes what."""

    def __init__(self, ground: Ground, number: int, servers: list[Daemon]) -> None:
        self._ground, self._number, self._servers = ground, number, servers
        self.needs: dict[str, tuple[str, ...]] = {}

    def __call__(self, step: Step) -> None:
        server, name, *others = step.numbers
        request = Request(step.verb, self._name(name), tuple(map(self._name, others)) if step.verb == "INDEX" else ())
        expected = self._expected(request)
        answer = self._answer(self._servers[server], request)
        if answer not in (expected, ""):
            self._ground.fault(f"{request} was answered {answer}, not {expected}")
        self._ground.count("requests")

    def _name(self, number: int) -> str:
        return f"t{self._number}-{number}"

    def _expected(self, request: Request) -> str:
        """The answer; what it changes is noted, for it is asked until it is answered."""
        name = request.package
        if request.command == "QUERY":
            return "OK" if name in self.needs else "FAIL"
        if request.command == "REMOVE":
            if any(name in needed for other, needed in self.needs.items() if other != name):
                return "FAIL"
            self.needs.pop(name, None)
            return "OK"
        if not all(other in self.needs for other in request.dependencies):
            return "FAIL"
        self.needs[name] = tuple(sorted(request.dependencies))
        return "OK"

    def _answer(self, server: Daemon, request: Request) -> str:
        """Asked again when the server is killed meanwhile: whether it was done or not, the answer is the same. Empty: the run
        ends before there is one.
        """
        found: list[str] = []

        def answered() -> bool:
            try:
                with Conversation("127.0.0.1", server.port) as conversation:
                    found.extend(conversation.ask([request]))
            except NoServer:
                self._ground.count("requests asked again")
            return bool(found)

        self._ground.until(answered, f"{server.name} does not answer {request}")
        return found[0] if found else ""


class Syncing:
    """A host where packages come and go; two of them are always of one version."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._database = f"{ground.directory}/root/var/lib/dpkg"
        self._reader = reader(ground, "host")
        self._counts = 0
        self.versions: dict[str, int] = {}
        os.makedirs(f"{self._database}/info")

    def __call__(self, step: Step) -> None:
        self._counts += 1
        for number in step.numbers:
            if step.verb == "install":
                self.versions[f"h{number}"] = self._counts
            else:
                self.versions.pop(f"h{number}", None)
        self.versions.update({"twin-a": self._counts, "twin-b": self._counts})
        self._write()
        ended = self._ground.run(["sync", "dpkg", "--root", f"{self._ground.directory}/root", "--repo", "host"],
                                 killed=step.killed)
        if ended.code == 0:
            self._ground.until(self.is_there, f"the host is synced, and not indexed: {self.versions}")

    def finish(self) -> None:
        """What the last sync may have left."""
        self(Step("install", numbers=(0,)))

    def is_there(self) -> bool:
        return self._reader.ask(lambda snapshot: versions_in(snapshot) == self.versions)

    def _write(self) -> None:
        for name, version in self.versions.items():
            with open(f"{self._database}/info/{name}.list", "w", encoding="utf-8") as file:
                file.write(f"/.\n/opt\n/opt/{name}\n/opt/{name}/{version}\n")
        with open(f"{self._database}/status-new", "w", encoding="utf-8") as file:
            file.writelines(f"Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: {version}\n"
                            "Description: x\n\n" for name, version in self.versions.items())
        os.rename(f"{self._database}/status-new", f"{self._database}/status")


def versions_in(snapshot: Snapshot) -> dict[str, int]:
    """Of each package that stands there; its files must be those of that version."""
    found = {}
    for name, entry in snapshot.entries():
        package = snapshot.package(name) if entry.shipped else None
        if package is not None:
            [(version, _)] = package.releases
            [paths] = package.files.values()
            assert list(paths) == [f"/opt/{name}/{version}".encode()], f"{name} {version} has {paths}"
            found[name] = int(version)
    return found


class Keeping:
    """Whoever keeps house, by hand; what is too much for one repository may be refused, and is said."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def __call__(self, step: Step) -> None:
        codes = (0, 3, BUSY, 5) if "--rebuild" in step.words else (0, BUSY)
        ended = self._ground.run(step.words, codes, step.killed)
        if ended.code not in (None, 0) and ended.code != BUSY and OVERTAKEN not in ended.err:
            self._ground.fault(f"{step.verb} ended with {ended.code}: {ended.err[-600:]}")


class Asking:
    """Processes that ask one question each."""

    def __init__(self, ground: Ground, known: Any, sent: Any) -> None:
        self._ground, self._known, self._sent = ground, known, sent

    def __call__(self, step: Step) -> None:
        [slot] = step.numbers
        known = self._known[slot]
        ended = self._ground.run([*step.words, "--json"], (0, 1))
        self._ground.count("answers of fresh readers")
        hits = json.loads(ended.out)["hits"]
        if step.verb != "deps" or not (hits or known):
            return
        said = {hit["generation"] for hit in hits if hit["name"].startswith("s")}
        counts = {int(hit["name"].rpartition("-")[2]) for hit in hits if hit["name"].startswith("v")}
        if len(counts) != 1 or len(said) != 1 or not known <= counts.pop() <= self._sent[slot]:
            self._ground.fault(f"{' '.join(step.words)}: known was {known}, sent is {self._sent[slot]}: {ended.out[:600]}")


class Killing:
    """Ends one of those that may be, and starts it again."""

    def __init__(self, ground: Ground, victims: list[Daemon]) -> None:
        self._ground, self._victims = ground, victims

    def __call__(self, step: Step) -> None:
        which, tenths = step.numbers
        self._ground.over.wait(tenths / 10)
        self._victims[which].end(signal.Signals[step.verb])
        self._ground.count("servers ended")
        self._victims[which].start()


def told(clients: list[Client], snapshot: Snapshot) -> str:
    """What is wrong with the tree of the *clients*, empty when nothing is."""
    expected = {name: needs for client in clients for name, needs in client.needs.items()}
    found = needs_of(snapshot)
    return "" if found == expected else f"indexed {found}, and it was answered {expected}"
