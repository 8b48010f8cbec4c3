from __future__ import annotations

import logging

import pytest
from tornado.log import access_log, app_log, gen_log

from jupyter_secure.server.log_lines import keep_lines_whole


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """A server's log; it and tornado's are afterwards what they were."""
    log = logging.getLogger("a server's")
    for one in (log, access_log, app_log, gen_log):
        monkeypatch.setattr(one, "filters", [])
    return log


def logged(log: logging.Logger, message: str, *args: object) -> str:
    record = log.makeRecord(log.name, logging.INFO, "", 0, message, args, None)
    assert log.filter(record)
    return record.getMessage()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            "GET /jupyter-secure/join?link=AbC-_9 (@::1)",
            "GET /jupyter-secure/join?link=[secret] (@::1)",
        ),
        ("uri='/x?a=b&link=AbC&c=d'", "uri='/x?a=b&link=[secret]&c=d'"),
        ("next=%2Fjoin%3Flink%3DAbC HTTP", "next=%2Fjoin%3Flink%3D[secret] HTTP"),
        ("blinking links: a link", "blinking links: a link"),
    ],
)
def test_links_are_not_logged(log: logging.Logger, given: str, shown: str) -> None:
    """The token of a one-time link is in no line, whoever writes it."""
    keep_lines_whole(log)
    assert logged(log, given) == shown
    assert logged(access_log, "%s", given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain, ünïcode and 100 %", "plain, ünïcode and 100 %"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\r", r"a\x0ab\x0d"),
        ("\x7f\x9b\0", r"\x7f\x9b\x00"),
        ("\u2028", r"\u2028"),
    ],
)
def test_what_is_put_into_a_message(log: logging.Logger, given: str, shown: str) -> None:
    """Text from elsewhere cannot end a line or steer a terminal, and is otherwise as it was."""
    keep_lines_whole(log)
    assert logged(log, "path %s", given) == f"path {shown}"
    assert logged(gen_log, "path %s", given) == f"path {shown}"


@pytest.mark.parametrize(
    "message",
    [
        "No channel specified, assuming shell",
        "Received message on closed websocket",
        "Bad JSON",
    ],
)
def test_what_was_sent(log: logging.Logger, message: str) -> None:
    """A message that Jupyter would quote as a whole, or a notebook, is named and not quoted."""
    keep_lines_whole(log)
    sent = {"content": {"code": "password = 'secret'"}}
    assert logged(log, f"{message}: %s", sent) == message
    assert logged(log, f"{message} %r", str(sent)) == message


def test_messages_of_several_lines(log: logging.Logger) -> None:
    """The server's own messages may have lines; tornado's are one line each."""
    keep_lines_whole(log)
    assert logged(log, "one\n\ttwo\x1b") == "one\n\ttwo\\x1b"
    assert logged(gen_log, "one\ntwo") == r"one\x0atwo"


def test_what_is_not_text(log: logging.Logger) -> None:
    """Numbers, and a mapping for named places, still fit their places."""
    keep_lines_whole(log)
    assert logged(log, "%d %.1f", 5, 1.25) == "5 1.2"
    assert logged(log, "%(name)s", {"name": "\x1b"}) == r"\x1b"


def test_a_message_that_does_not_fit(log: logging.Logger) -> None:
    """A mistake in someone's message is left to logging, and does not become a failed request."""
    keep_lines_whole(log)
    record = log.makeRecord(log.name, logging.INFO, "", 0, "%d", ("five",), None)
    assert log.filter(record)


def test_twice(log: logging.Logger) -> None:
    """A second server in the same process adds nothing to tornado's loggers."""
    keep_lines_whole(log)
    keep_lines_whole(log)
    assert [len(one.filters) for one in (access_log, app_log, gen_log)] == [1, 1, 1]
