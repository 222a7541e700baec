"""Whether a package is an answer, and what of it matched: the meaning of a question, one package at a time. Pure."""

from pkgindex.query.globs import glob_test
from pkgindex.query.matching.facts import Facts
from pkgindex.query.matching.judge import Judge, Judged

__all__ = ["Facts", "Judge", "Judged", "glob_test"]
