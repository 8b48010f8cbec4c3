from __future__ import annotations

import gc

from jupyter_secure.server.sockets import ENDED, Sockets


class Stream:
    """What of a stream is used here."""

    def __init__(self) -> None:
        self.open = True

    def closed(self) -> bool:
        return not self.open

    def close(self) -> None:
        self.open = False


class Page:
    """A page that watches; ``broken`` ones cannot be told."""

    def __init__(self, stream: Stream, *, broken: bool = False) -> None:
        self.heard: list[tuple[str, bool]] = []
        self._stream, self._broken = stream, broken

    def tell(self, event: str) -> None:
        if self._broken:
            raise RuntimeError("closed")
        self.heard.append((event, self._stream.open))


def test_the_page_hears_before_its_socket_closes() -> None:
    """Each socket of the session is closed after its pages were told, also beside broken ones."""
    sockets, mine, other = Sockets(), Stream(), Stream()
    page, broken = Page(mine), Page(mine, broken=True)
    sockets.keep("a", mine)  # type: ignore[arg-type]  # enough of one
    sockets.keep("b", other)  # type: ignore[arg-type]  # as above
    sockets.watch("a", broken)
    sockets.watch("a", page)
    assert sockets.close("a") == 1
    assert page.heard == [(ENDED, True)]
    assert (mine.open, other.open) == (False, True)
    assert sockets.close("a") == 0
    assert page.heard == [(ENDED, True)]


def test_a_page_that_went_is_forgotten() -> None:
    """Nothing has to be told to what was closed by itself."""
    sockets = Sockets()
    sockets.watch("a", Page(Stream()))
    gc.collect()
    sockets.tell("a", ENDED)
    assert sockets.close("a") == 0
