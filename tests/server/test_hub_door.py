"""What JupyterHub answers about someone, and what becomes of them here."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import HTTPError

from jupyter_secure.server.hub_door import HubDoor, HubSilent

SCOPE = "access:servers!server=alice/"
ALICE = {"kind": "user", "name": "alice", "scopes": [SCOPE]}


class Hub:
    """The Hub's client library, as far as it is called, with an answer to give."""

    hub_host, hub_prefix = "", "/hub/"
    access_scopes = frozenset({SCOPE})

    def __init__(self) -> None:
        self.answer: Any = ALICE

    async def token_for_code(self, code: str, **_: Any) -> str:
        return f"token for {code}"

    async def user_for_token(self, token: str, *, use_cache: bool, sync: bool) -> Any:
        assert token == "token for code"
        assert not use_cache
        assert not sync
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def check_scopes(self, wanted: frozenset[str], user: dict[str, Any]) -> set[str]:
        return set(wanted) & set(user["scopes"])


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def door(hub: Hub, ended: list[str]) -> HubDoor:
    live = [SimpleNamespace(public_id="one")]
    runtime = SimpleNamespace(
        app=SimpleNamespace(base_url="/user/alice/"),
        config=SimpleNamespace(max_hours=12, hub_accounts={}),
        cookies=SimpleNamespace(read=lambda *_: None, hub="hub"),
        state=SimpleNamespace(sessions=SimpleNamespace(live=lambda: live)),
        end_session=ended.append,
        log=logging.getLogger("test"),
    )
    return HubDoor(runtime, hub)  # type: ignore[arg-type]


REQUEST = HTTPServerRequest(
    start_line=RequestStartLine("GET", "/user/alice/oauth_callback", "HTTP/1.1"),
    headers=HTTPHeaders({"Host": "localhost"}),
)

REFUSING = (
    None,
    ALICE | {"kind": "service"},
    ALICE | {"scopes": []},
    ALICE | {"scopes": ["access:servers!server=bob/"]},
    {"name": "alice", "scopes": [SCOPE]},
)
SILENT = (HTTPError(500, "no Hub"), OSError(), ValueError("no JSON"), {"kind": "user"})


@pytest.mark.parametrize("answer", REFUSING)
def test_not_let_in(door: HubDoor, hub: Hub, answer: Any) -> None:
    """Only a user whom the Hub lets use this very server comes in."""
    hub.answer = answer
    assert asyncio.run(door.identify("code", "verifier", REQUEST)) is None
    assert not door.visitors.present()


@pytest.mark.parametrize("answer", SILENT)
def test_no_answer_is_no_yes(door: HubDoor, hub: Hub, answer: Any) -> None:
    """Where the Hub cannot be asked, or makes no sense, nobody comes in."""
    hub.answer = answer
    with pytest.raises(HubSilent):
        asyncio.run(door.identify("code", "verifier", REQUEST))
    assert not door.visitors.present()


def come_in(door: HubDoor) -> None:
    found = asyncio.run(door.identify("code", "verifier", REQUEST))
    assert found is not None
    assert found[1].account == "alice"
    assert door.visitors.begin(found[1], "one")


@pytest.mark.parametrize("answer", [*REFUSING, ALICE | {"name": "bob"}])
def test_not_let_in_any_more(door: HubDoor, hub: Hub, ended: list[str], answer: Any) -> None:
    """Whoever the Hub does not let in any more, or calls by another name, is out."""
    come_in(door)
    hub.answer = answer
    asyncio.run(door.look())
    assert ended == ["one"]
    assert not door.visitors.vouches_for("one")


@pytest.mark.parametrize("answer", [*SILENT, AttributeError()])
def test_silence_is_borne_for_a_while(
    door: HubDoor, hub: Hub, ended: list[str], answer: Any
) -> None:
    """While the Hub does not answer people stay, but nobody has vouched for them."""
    come_in(door)
    (visitor,) = door.visitors.present()
    before = visitor.vouched_at
    hub.answer = answer
    asyncio.run(door.look())
    assert not ended
    assert visitor.vouched_at == before
    visitor.vouched_at -= 301
    asyncio.run(door.look())
    assert ended == ["one"]


def test_yes(door: HubDoor, ended: list[str]) -> None:
    """A yes counts from when it was given."""
    come_in(door)
    (visitor,) = door.visitors.present()
    visitor.vouched_at -= 299
    asyncio.run(door.look())
    asyncio.run(door.look())
    assert not ended
    assert door.visitors.vouches_for("one")


@pytest.mark.parametrize(
    "kept", [None, "", "s=&v=x&n=/", "s=a&v=&n=/", "s=b&v=x", "n=/", "s=A&v=x"]
)
def test_came_back_from_nowhere(kept: str | None) -> None:
    """A way back that this browser did not begin leads nowhere."""
    assert HubDoor.came_back(kept, "a") is None
    assert HubDoor.came_back("s=a&v=x&n=/lab", "a") == ("x", "/lab")
