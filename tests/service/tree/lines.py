"""Lines of the protocol, good and bad, each with what it is."""

from __future__ import annotations

from pkgindex.service.tree.protocol import LINE_BYTES_MAX, MALFORMED, Malformed, Request

LONGEST = "a" * 255

GOOD: dict[bytes, Request] = {
    b"INDEX|curl|": Request("INDEX", "curl"),
    b"INDEX|curl|libc6": Request("INDEX", "curl", ("libc6",)),
    b"INDEX|curl|libc6,zlib1g,libc6": Request("INDEX", "curl", ("libc6", "zlib1g", "libc6")),
    b"INDEX|curl|curl": Request("INDEX", "curl", ("curl",)),
    b"REMOVE|curl|": Request("REMOVE", "curl"),
    b"REMOVE|curl|ignored,names": Request("REMOVE", "curl"),
    b"QUERY|libstdc++6|": Request("QUERY", "libstdc++6"),
    b"QUERY|docbook2X|": Request("QUERY", "docbook2X"),
    b"QUERY|0ad|x": Request("QUERY", "0ad"),
    b"INDEX|python@3.11_x-1+b|a.b@c": Request("INDEX", "python@3.11_x-1+b", ("a.b@c",)),
    f"INDEX|{LONGEST}|{LONGEST}".encode(): Request("INDEX", LONGEST, (LONGEST,)),
}

BAD: tuple[bytes, ...] = (
    b"", b" ", b"|", b"||", b"|||", b"\0", b"\r", b"INDEX", b"INDEX|", b"INDEX|curl", b"INDEX||", b"INDEX|curl||",
    b"INDEX|curl|a|b", b"index|curl|", b"Index|curl|", b"DROP|curl|", b"|curl|", b" INDEX|curl|", b"INDEX |curl|",
    b"INDEX| curl|", b"INDEX|curl |", b"INDEX|cu rl|", b"INDEX|curl| a", b"INDEX|curl|a, b", b"INDEX|curl|,", b"INDEX|curl|a,",
    b"INDEX|curl|,a", b"INDEX|curl|a,,b", b"REMOVE|curl|a,", b"QUERY|curl|,", b"QUERY|curl|=", b"INDEX|-curl|", b"INDEX|.curl|",
    b"INDEX|+curl|", b"INDEX|curl|-a", b"INDEX|cur\0l|", b"INDEX|curl|\0", b"INDEX|curl|\r", b"INDEX|curl\r|", b"\rQUERY|curl|",
    b"INDEX|cur\xffl|", "INDEX|cürl|".encode(), "INDEX|curl|ä".encode(), "INDEX|\N{ARABIC-INDIC DIGIT ONE}|".encode(),
    b"INDEX|curl/x|", b"INDEX|curl;x|", b"INDEX|curl:amd64|", b"INDEX|curl=1|", b"INDEX|curl|a;b", b"QUERY\t|curl|",
    f"INDEX|{LONGEST}a|".encode(), f"QUERY|curl|{LONGEST}a".encode(),
    b"INDEX|curl|" + b"a," * (LINE_BYTES_MAX // 2) + b"a",
)

LINES: dict[bytes, Request | Malformed] = {**GOOD, **dict.fromkeys(BAD, MALFORMED)}
