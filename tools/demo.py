"""The demonstration: the sample spool is packed, and three questions are asked of it, with the commands a person types.

Packing moves files out of a spool, so a copy of the sample is packed. Index and copy stay in `.cache/demo`, for more
questions, until the next demonstration.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

from environment import Environment

QUESTIONS = [
    ("Which package ships this file?", ["owner", "/usr/bin/python3"]),
    ("Which packages are about web servers?", ["search", "web", "server", "--limit", "5"]),
    ("Why does curl need zlib1g?", ["why", "curl", "zlib1g"]),
]

HOW_TO_GO_ON = """\
How to go on, in a shell that knows where things are:

    cd {project}
    export PATH={programs}:$PATH
    export PKGINDEX_INDEX={index} PKGINDEX_SPOOL={spool}
    pkgindex rdeps mail-transport-agent
    pkgindex --help

Index this machine, and ask what it has installed:

    pkgindex --index ~/.cache/pkgindex sync dpkg
    pkgindex --index ~/.cache/pkgindex owner /bin/ls

The tour of five minutes: docs/tutorial.md
"""


def tell(environment: Environment) -> int:
    place = os.path.join(".cache", "demo")
    index, spool = os.path.join(place, "index"), os.path.join(place, "spool")
    folder = os.path.join(environment.project, place)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(environment.project, "spool"), os.path.join(environment.project, spool))
    env = {**os.environ, "PKGINDEX_INDEX": index, "PKGINDEX_SPOOL": spool}

    print("\nSome two hundred Debian packages lie in a spool: what they need, what they are about, their files.")
    show(environment, ["pack"], env)
    for question, words in QUESTIONS:
        print(f"\n{question}")
        show(environment, words, env)
    programs = os.path.dirname(environment.program("pkgindex"))
    print("\n" + HOW_TO_GO_ON.format(project=environment.project, programs=programs, index=index, spool=spool), end="")
    return 0


def show(environment: Environment, words: list[str], env: dict[str, str]) -> None:
    """A command line as typed, then what it prints."""
    print(f"$ pkgindex {shlex.join(words)}", flush=True)
    done = subprocess.run([environment.program("pkgindex"), *words], env=env, cwd=environment.project)
    if done.returncode:
        sys.exit(f"the demonstration ends here: pkgindex {words[0]} exited with {done.returncode}")
