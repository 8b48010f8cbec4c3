"""The gate when something in it goes wrong: nobody gets past it, and everybody gets an answer."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application

from jupyter_secure.errors import StateUnusable
from jupyter_secure.server.admission import OPEN_PAGE, admission_of
from jupyter_secure.server.gate import Gate
from jupyter_secure.server.refusal import RefusalHandler


@pytest.mark.parametrize("error", [StateUnusable("Locked."), ValueError("a slip")], ids=str)
def test_what_cannot_be_checked_is_refused(error: Exception) -> None:
    """No error while a request is checked, or its refusal recorded, leads to a handler."""

    def fail(*_: Any) -> None:
        raise error

    gate = object.__new__(Gate)
    gate._runtime = SimpleNamespace(log=logging.getLogger("test"))  # type: ignore[assignment]  # what of it is used
    gate._web_app, gate._base_url = Application([]), "/"
    gate._route = fail
    gate._recording = SimpleNamespace(refused=fail, follow=fail)  # type: ignore[assignment]  # as above
    gate._judge, gate._stamp = fail, lambda _: None  # type: ignore[method-assign,assignment]  # as above
    connection = SimpleNamespace(context=SimpleNamespace(remote_ip="::1", protocol="https"))
    request = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/raw", "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "localhost"}),
        connection=connection,  # type: ignore[arg-type]  # as above
    )
    delegate = gate.find_handler(request)
    assert delegate.handler_class is RefusalHandler
    assert delegate.handler_kwargs["refusal"].status == 500
    assert admission_of(request) is OPEN_PAGE
