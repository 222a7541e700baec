"""A fixed set of questions to an index, and what became of each when one of its files is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pkgindex.errors import NoIndex, NotFound, StoreError
from pkgindex.format.envelope import REMEDY
from pkgindex.query.index import Index
from pkgindex.store.backend import Backend
from pkgindex.store.memory import MemoryBackend

RIGHT, RECOVERED, SAID, WRONG, RAISED = "right", "right by recovery", "file and remedy", "wrong", "unclear"
OUTCOMES = (RIGHT, RECOVERED, SAID, WRONG, RAISED)
# What else a message may tell to do: the remedy of a damage that looks like something else.
REMEDIES = (REMEDY, "upgrade", "pkgindex init", "pkgindex pack")

Question = Callable[[Index], Any]


class One:
    """A place with one repository, *backend*, called *repo*."""

    shared = False

    def __init__(self, backend: Backend, repo: str) -> None:
        self.name = "the index"
        self._backend, self._repo = backend, repo

    def repositories(self) -> list[str]:
        return [self._repo]

    def has(self, repo: str) -> bool:
        return repo == self._repo

    def backend(self, repo: str) -> Backend:
        return self._backend

    def made(self, repo: str) -> Backend:
        return self._backend

    def lock(self, repo: str) -> None:
        return None

    def words(self, repo: str) -> None:
        return None

    def where(self, repo: str) -> str:
        return repo


class Told(NamedTuple):
    """What became of a question: one of `OUTCOMES`, and what was said or answered where that is worth telling."""

    outcome: str
    detail: str = ""


def questions(names: list[str], paths: list[str], words: list[str]) -> dict[str, Question]:
    """Every kind of question, about each of these packages, files and words."""
    found: dict[str, Question] = {
        "no owner": lambda index: index.owner("/no/such/file", "/"),
    }
    for name in names:
        found[f"show {name}"] = lambda index, name=name: _record(index, name)
        found[f"deps {name}"] = lambda index, name=name: index.dependencies(name, transitive=True)
        found[f"rdeps {name}"] = lambda index, name=name: index.dependants(name)
        found[f"names {name[:2]}"] = lambda index, name=name: list(index.names(name[:2]))
        found[f"similar {name}"] = lambda index, name=name: index.similar(f"{name}x")
        found[f"search depends:{name}"] = lambda index, name=name: _search(index, f"depends:{name}")
    for path in paths:
        last = path.rpartition("/")[2]
        found[f"owner {path}"] = lambda index, path=path: index.owner(path)
        found[f"path {last}"] = lambda index, last=last: list(index.paths(last))
        found[f"path {last[:3]}*"] = lambda index, last=last: list(index.paths(f"*{last[:3]}*", "glob"))
        regex = f"[{last[0]}]{last[1:].replace('+', '.')}$"
        found[f"path {regex}"] = lambda index, regex=regex: list(index.paths(regex, "regex"))
    for word in words:
        found[f"search {word}"] = lambda index, word=word: _search(index, word)
        found[f"search {word[:3]}*"] = lambda index, word=word: _search(index, f"{word[:3]}*")
    return found


def _record(index: Index, name: str) -> Any:
    return [(repo, package.releases, package.files, package.texts) for repo, _, package in index.package(name)]


def _search(index: Index, question: str) -> Any:
    return [(answer.package, answer.score, answer.summary, [hit[2:] for hit in answer.hits])
            for answer in index.search(question, limit=50)]


def answers(backend: Backend, repo: str, asked: dict[str, Question]) -> dict[str, Any]:
    """What a sound index answers, without the generation: an index made anew has another."""
    index = Index(One(backend, repo))
    return {name: _bare(_answer(index, question)) for name, question in asked.items()}


class _Noting(MemoryBackend):
    """Remembers which files were looked at."""

    def __init__(self, blobs: Mapping[str, bytes]) -> None:
        super().__init__(blobs)
        self.seen: set[str] = set()

    def read(self, name: str) -> bytes:
        self.seen.add(name)
        return super().read(name)

    def size(self, name: str) -> int:
        self.seen.add(name)
        return super().size(name)


def files_read(blobs: Mapping[str, bytes], repo: str, asked: dict[str, Question]) -> dict[str, set[str]]:
    """The files that a reader who comes anew looks at for each question."""
    found = {}
    for name, question in asked.items():
        backend = _Noting(blobs)
        _answer(Index(One(backend, repo)), question)
        found[name] = backend.seen
    return found


def outcomes(backend: Backend, repo: str, asked: dict[str, Question], right: dict[str, Any], file: str) -> Iterator[Told]:
    """What a reader who comes anew gets to each question when *file* is damaged."""
    try:
        index = Index(One(backend, repo))
    except NoIndex as error:
        yield Told(SAID, str(error))
        return
    for name, question in asked.items():
        yield _told(index, name, question, right[name], file)


def _told(index: Index, name: str, question: Question, right: Any, file: str) -> Told:
    try:
        found = _bare(_answer(index, question))
    except StoreError as error:
        return Told(SAID, str(error)) if _is_clear(error, file) else Told(RAISED, f"{name}: unclear: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
        return Told(RAISED, f"{name}: {type(error).__name__}: {error}")
    if found != right:
        return Told(WRONG, f"{name}: {found!r:.200} and not {right!r:.200}")
    return Told(RECOVERED if index.recovered else RIGHT)


def _answer(index: Index, question: Question) -> Any:
    try:
        return question(index)
    except NotFound as error:
        return str(error)


def _is_clear(error: StoreError, file: str) -> bool:
    """Whether it names the file, and says what to do. Without any manifest there is no file to name."""
    message = str(error)
    return (isinstance(error, NoIndex) or file in message) and any(remedy in message for remedy in REMEDIES)


def _bare(found: Any) -> Any:
    """Answers without the generation."""
    if isinstance(found, list):
        return [hit._replace(generation=0) if hasattr(hit, "generation") else hit for hit in found]
    return found
