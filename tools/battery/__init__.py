"""Each writing command, ended or refused at every call that it makes to the disk, and what is there afterwards, judged.

`scenes` says which commands and what they find, `trial` runs one with one fault, `strace` and `taps` are the two ways to put
a fault into a call, `judging` says what must hold afterwards; `kill` and `errors` are the batteries,
and `reads` is that of the commands that only read.
"""
