from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httputil import HTTPMessageDelegate

from jupyter_secure.server.late import Late


class Heard(HTTPMessageDelegate):
    """Notes what reaches it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def headers_received(self, *_: Any) -> None:
        self.calls.append("headers")

    def data_received(self, chunk: bytes) -> None:
        self.calls.append(chunk.decode())

    def finish(self) -> None:
        self.calls.append("finish")

    def on_connection_close(self) -> None:
        self.calls.append("gone")


class Times:
    """A clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("jupyter_secure.server.late.time.monotonic", lambda: self.now)


@pytest.mark.parametrize(("seconds", "asked"), [(0.0, 0), (0.4, 0), (0.6, 1), (3600.0, 1)])
def test_it_asks_again_only_after_a_while(
    monkeypatch: pytest.MonkeyPatch, seconds: float, asked: int
) -> None:
    """A body that is here at once costs no second question; a slow one does, and is let in."""
    times, inner = Times(monkeypatch), Heard()
    questions: list[int] = []
    one = Late(_request(), inner, lambda: questions.append(1), streams=False)
    one.headers_received(None, None)
    times.now += seconds
    one.data_received(b"x")
    one.finish()
    assert inner.calls == ["headers", "x", "finish"]
    assert len(questions) == asked


def test_it_refuses_in_the_handlers_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler of who may no more is told that nobody is there, and does not run."""
    times, inner, refusal = Times(monkeypatch), Heard(), Heard()
    one = Late(_request(), inner, lambda: refusal, streams=False)
    one.headers_received(None, None)
    times.now += 5
    one.finish()
    one.on_connection_close()
    assert inner.calls == ["headers", "gone"]
    assert refusal.calls == ["headers", "finish", "gone"]


def test_it_ends_a_body_that_is_taken_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that runs already gets no more of it: the connection is closed."""
    times, inner = Times(monkeypatch), Heard()
    closed: list[int] = []
    one = Late(_request(closed), inner, Heard, streams=True)
    one.headers_received(None, None)
    one.data_received(b"early")
    times.now += 5
    one.data_received(b"late")
    assert closed == [1]
    assert inner.calls == ["headers", "early"]


def _request(closed: list[int] | None = None) -> Any:
    noted: list[int] = [] if closed is None else closed
    stream = SimpleNamespace(close=lambda: noted.append(1))
    return SimpleNamespace(connection=SimpleNamespace(stream=stream))
