"""Each writing command, ended or refused at every call that it makes to the disk, and what is there afterwards, judged.

`scenes` says which commands and what they find, `trial` runs one with one fault, `strace` and `taps` are the two ways to put
a fault into a call, `judging` says what must hold afterwards; `kill` and `errors` are the batteries,
and `reads` is that of the commands that only read.

Apart from these, `counted` writes generations whose answers are known, and `readers` is the battery of those who ask meanwhile.
`soak` does everything at once: `plans` says what, `lanes` do it, `running` has the programs, `saying` judges what readers are
told, and `gauges` measures what it takes.
"""
