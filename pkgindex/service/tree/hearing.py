"""Hearing of generations that other servers publish, where the storage gives word of them.

A word is a hint: what it is about is known sooner, and nothing is answered because none came. One that was lost costs nothing
but the time that the next question takes to look.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from pkgindex.errors import PkgindexError

# So long it may take to end.
WAIT_SECONDS = 0.25
RETRY_SECONDS = 1.0

# Waits so many seconds; whether there was word.
Words = Callable[[float], bool]


async def hear(words: Words, heard: Callable[[], None]) -> None:
    """Until it is cancelled: call *heard*, in the loop, whenever *words* come."""
    loop, ended = asyncio.get_running_loop(), threading.Event()
    # Not of the loop's own threads, for which a loop waits that could not be stopped in order.
    thread = threading.Thread(target=_listen, args=[words, lambda: loop.call_soon_threadsafe(heard), ended], daemon=True)
    thread.start()
    try:
        await loop.create_future()
    finally:
        ended.set()
        await asyncio.to_thread(thread.join)


def _listen(words: Words, heard: Callable[[], object], ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            if words(WAIT_SECONDS):
                heard()
        except PkgindexError:
            # Whoever asks meanwhile is told of it.
            ended.wait(RETRY_SECONDS)
