"""The scripts that make a shell ask for words, and what they hand over.

    plain WORD    a whole word
    part WORD     a word that goes on, such as `depends:`: no space is to follow
    dir, file     the shell's own

bash takes a word for ended at a colon, and replaces only what follows it. So its script hands over the line as it stands,
and the line is split here, where it is known what a question looks like.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

BASH = """\
%(complete_func)s() {
    local line response
    COMPREPLY=()
    response=$(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    while IFS= read -r line; do
        case ${line%%%%,*} in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            part) compopt -o nospace 2>/dev/null; COMPREPLY+=("${line#*,}") ;;
            plain) COMPREPLY+=("${line#*,}") ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a whole unfinished response
    local kind word help
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")
    for kind word help in ${response}; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            part) unfinished+=("$word") ;;
            plain) whole+=("$word") ;;
        esac
    done
    (( $#unfinished )) && compadd -U -S '' -V unsorted -a unfinished
    (( $#whole )) && compadd -U -V unsorted -a whole
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

FISH = """\
function %(complete_func)s
    for line in (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -ct) \\
            %(prog_name)s 2>/dev/null)
        set -l found (string split -m 1 "," -- $line)
        switch $found[1]
            case dir
                __fish_complete_directories $found[2]
            case file
                __fish_complete_path $found[2]
            case plain part
                echo $found[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class Line(NamedTuple):
    """A command line up to the cursor: its whole words, the one that is not finished, and how much of that stays."""

    words: tuple[str, ...]
    last: str
    kept: int


def split(line: str, breaks: str) -> Line:
    """*line* as bash reads it, which replaces a word from the last of its *breaks* on, or from an open quote.

    >>> split("pkgindex search depends:lib", ":")
    Line(words=('pkgindex', 'search'), last='depends:lib', kept=8)
    >>> split("search 'a depends:li", ":")
    Line(words=('search',), last='a depends:li', kept=0)
    """
    words: list[str] = []
    word, quote, kept, begun, place = "", "", 0, False, 0
    while place < len(line):
        sign = line[place]
        place += 1
        if sign == "\\" and quote != "'" and place < len(line):
            word, begun, place = word + line[place], True, place + 1
        elif quote:
            word, quote = (word, "") if sign == quote else (word + sign, quote)
        elif sign in "'\"":
            quote, begun, kept = sign, True, len(word)
        elif sign.isspace():
            words += [word] if begun else []
            word, kept, begun = "", 0, False
        else:
            word, begun = word + sign, True
            kept = len(word) if sign in breaks else kept
    return Line(tuple(words), word, kept)


class Bash(BashComplete):
    source_template = BASH
    kept = 0

    def get_completion_args(self) -> tuple[list[str], str]:
        if os.environ.get("COMP_CWORD"):
            return super().get_completion_args()
        line = split(os.environ["COMP_WORDS"], os.environ.get("COMP_WORDBREAKS", ""))
        self.kept = line.kept
        return list(line.words[1:]), line.last

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value[self.kept:]}"


class Zsh(ZshComplete):
    source_template = ZSH


class Fish(FishComplete):
    source_template = FISH


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def register() -> None:
    """From here on click completes in our way."""
    for name, shell in SHELLS.items():
        add_completion_class(shell, name)
