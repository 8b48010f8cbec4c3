"""On whose behalf code runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from jupyter_secure.locks import NOBODY, Actor
from jupyter_secure.server.admission import (
    OPEN_PAGE,
    Admission,
    admission_of,
    admit,
    current_actor,
)

ALICE = Admission(None, Actor("alice", elevated=True, session="1"), same_origin=True)


def request() -> HTTPServerRequest:
    line = RequestStartLine("GET", "/", "HTTP/1.1")
    return HTTPServerRequest(start_line=line, headers=HTTPHeaders({"Host": "here"}))


def test_outside_of_a_request_it_is_nobody() -> None:
    """What runs by itself has nobody's rights."""
    assert current_actor() == NOBODY


def test_a_request_that_never_passed_the_gate_is_nobodys() -> None:
    """Without the gate's word there is no session."""
    assert admission_of(request()) is OPEN_PAGE


@pytest.mark.parametrize("forged", [None, True, "alice", {"session": 1}])
def test_only_the_gates_word_counts(forged: Any) -> None:
    """Whatever else stands on the request is not an admission."""
    one = request()
    one._jupyter_secure_admission = forged
    assert admission_of(one) is OPEN_PAGE


def test_requests_at_the_same_time_are_kept_apart() -> None:
    """Each request sees its own actor, also after waiting for another."""

    async def serve(admission: Admission) -> Actor:
        admit(request(), admission)
        await asyncio.sleep(0.01)
        return current_actor()

    async def both() -> list[Actor]:
        return await asyncio.gather(
            asyncio.create_task(serve(ALICE)), asyncio.create_task(serve(OPEN_PAGE))
        )

    assert asyncio.run(both()) == [ALICE.actor, NOBODY]
