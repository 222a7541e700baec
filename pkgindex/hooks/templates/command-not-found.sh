# @MARK@
# bash and zsh ask here about a command that is not there. pkgindex-which says which package has it; when that is missing,
# slow, or knows nothing, the shell's own words are said.
if [ -n "${BASH_VERSION-}${ZSH_VERSION-}" ]; then
    __pkgindex_which() {
        local found=
        if command -v timeout >/dev/null 2>&1 && [ -x @WHICH@ ]; then
            # It answers on stderr. What begins otherwise is a fault of its own, and nobody's business here.
            found=$(PKGINDEX_INDEX="${PKGINDEX_INDEX:-@INDEX@}" timeout -k 1 @WHICH_SECONDS@ \
                @WHICH@ --handler -- "$1" 2>&1 >/dev/null </dev/null)
        fi
        case $found in "$1: command not found"?*) ;; *) found= ;; esac
        printf '%s\n' "${found:-$2}" >&2
        return 127
    }
    command_not_found_handle() { __pkgindex_which "$1" "${0##*/}: $1: command not found"; }
    command_not_found_handler() { __pkgindex_which "$1" "zsh: command not found: $1"; }
fi
