# @MARK@
# fish asks here about a command that is not there; bash and zsh do in /etc/profile.d/pkgindex.sh.
function fish_command_not_found
    set -l found
    if command -q timeout; and test -x @WHICH@
        set -q PKGINDEX_INDEX; or set -lx PKGINDEX_INDEX @INDEX@
        set found (timeout -k 1 @WHICH_SECONDS@ @WHICH@ --handler -- $argv[1] 2>&1 >/dev/null </dev/null)
    end
    if string match -q -- "$argv[1]: command not found?*" "$found"
        printf '%s\n' $found >&2
    else
        __fish_default_command_not_found_handler $argv[1]
    end
end
