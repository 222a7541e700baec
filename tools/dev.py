#!/usr/bin/env python3
"""The one command of whoever works on this project: python3 tools/dev.py WORD

    demo                 packs the sample spool and asks it three questions
    test [--all] [ARG]   every check: style, types, layers, tests, doctests; --all adds the long batteries,
                         further arguments go to pytest
    setup                only makes the environment that the other words use (.venv)
    bench [ARG]          the benchmark on the lists of a whole distribution, beside other tools; bench tree: of the tree server;
                         bench hosts: of a host's own packages
    lab WORD [ARG]       real shared disks on this machine, and a battery on them: lab --help
    simulate [ARG]       schedules of writers, readers and crashes on a modelled shared disk; --help says more
    battery WORD [ARG]   commands killed, or refused by the disk, at every call that they make, and readers beside them:
                         battery --help
    mutants [WORD]       each thing that keeps a promise is taken out, and the tests must notice; --help says more
    docs [--check]       writes docs/commands.md anew from the help of the commands
    format               mends what the style check can mend

Needs Python 3.11 or later and nothing else: each word first sets up what it needs, once.

    python3 tools/dev.py demo
    python3 tools/dev.py test
    python3 tools/dev.py test tests/store -k lock
"""

from __future__ import annotations

import sys

USAGE_ERROR = 2


def demo(arguments: list[str]) -> int:
    import demo as story
    from environment import ready

    return story.tell(ready(), *no_more("demo", arguments))


def test(arguments: list[str]) -> int:
    import checks
    import debian_packages
    from environment import ready

    environment = ready("dev")
    every = "--all" in arguments
    debian_packages.offer({**debian_packages.TESTS, **(debian_packages.LONG_TESTS if every else {})})
    return checks.run(environment, [word for word in arguments if word != "--all"], every=every)


def setup(arguments: list[str]) -> int:
    from environment import ready

    environment = ready("dev", *no_more("setup", arguments))
    print(f"ready: {environment.program('pkgindex')}")
    return 0


def bench(arguments: list[str]) -> int:
    from environment import ready

    # For the roots of package managers, which are the tests' own.
    return ready("dev").run("tools/bench.py", *arguments)


def mutants(arguments: list[str]) -> int:
    from environment import ready

    return ready("dev").run("tools/mutants.py", *arguments)


def lab(arguments: list[str]) -> int:
    from environment import ready
    from lab import words

    ready()
    return words.main(arguments)


def simulate(arguments: list[str]) -> int:
    from environment import ready

    return ready("dev").run("tools/simulate.py", *arguments)


def battery(arguments: list[str]) -> int:
    import debian_packages
    from environment import ready

    environment = ready("dev")
    debian_packages.offer({"strace": "strace"})
    return environment.run("tools/battery", *arguments)


def docs(arguments: list[str]) -> int:
    from environment import ready

    return ready().run("tools/commands_page.py", *arguments)


def format(arguments: list[str]) -> int:
    from environment import ready

    return ready("dev").run("-m", "ruff", "check", "--fix", *arguments)


WORDS = {
    "demo": demo, "test": test, "setup": setup, "bench": bench, "simulate": simulate, "lab": lab, "battery": battery,
    "mutants": mutants, "docs": docs, "format": format,
}


def no_more(word: str, arguments: list[str]) -> tuple[()]:
    if arguments:
        sys.exit(f"dev.py {word} takes no arguments, but was given {' '.join(arguments)}")
    return ()


def main(arguments: list[str]) -> int:
    # Whoever has an older Python should read this line, not a syntax error: so the other files are imported later.
    if sys.version_info < (3, 11):  # noqa: UP036
        print(f"Python 3.11 or later is needed, this is {sys.version.split()[0]} ({sys.executable})", file=sys.stderr)
        return USAGE_ERROR
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    word, *rest = arguments
    if word not in WORDS:
        print(f"no word {word!r}; there are {', '.join(WORDS)}: see python3 tools/dev.py --help", file=sys.stderr)
        return USAGE_ERROR
    try:
        return WORDS[word](rest)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
