"""Verifying: everything that hangs off a generation is read again, and each fault named with its remedy."""

from pkgindex.snapshot.verify.generation import verify
from pkgindex.snapshot.verify.verdict import Checked, Fault, Verdict

__all__ = ["Checked", "Fault", "Verdict", "verify"]
