"""Killed at every call to the operating system, and looked at by the next process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from support.traps import killing, trapped

from jupyter_secure.app.accounts.wiring import inconsistencies
from jupyter_secure.identity.roles import Role
from jupyter_secure.store.vault_file import load_keyring

from .conftest import NEW, OWNER, Office


def killed_at(call: int, office: Office, work: Callable[[], object]) -> bool:
    """Do ``work`` in a process of its own that dies at that call; False if it came to its end."""
    office.database.close()  # SQLite's connections must not cross a fork
    child = os.fork()
    if child == 0:
        status = 1
        try:
            office.reopen()
            with trapped(killing(call)):
                work()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    office.reopen()
    if os.WIFSIGNALED(ended):
        assert os.WTERMSIG(ended) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(ended) == 0
    return False


def look(office: Office, name: str) -> tuple[bool, bool]:
    """Return whether ``name`` has an account and whether the password opens the vault."""
    keyring = load_keyring(office.path)
    keyring.require_authentic(office.root)
    return name in office.names(), office.opens(name)


def test_adding(office: Office) -> None:
    """What a kill leaves is nobody, somebody without a password that is told of, or all of it."""
    seen = set()
    for call in range(1, 200):
        name = f"person {call}"
        alive = not killed_at(call, office, lambda name=name: office.add(name))  # type: ignore[misc]  # a default binds
        state = look(office, name)
        seen.add(state)
        assert state != (False, True), "a slot without an account"
        told = [line for line in inconsistencies(office.team) if f"“{name}”" in line]
        assert bool(told) == (state == (True, False))
        if state == (True, False):
            office.team.set_password(office.root, name, NEW, OWNER)
            assert look(office, name) == (True, True)
        if state[0]:
            office.team.remove(office.root, name, OWNER)
        if alive:
            break
    else:
        pytest.fail("it never came to its end")
    assert seen - {(False, False)} == {(True, False), (True, True)}


def test_removing(office: Office) -> None:
    """A removal that was cut short leaves no way in by the role it had, and is finished by hand."""
    seen = set()
    for call in range(1, 200):
        name = f"person {call}"
        office.add(name, Role.OWNER)
        alive = not killed_at(
            call, office, lambda name=name: office.team.remove(office.root, name, OWNER)
        )  # type: ignore[misc]  # a default binds
        state = look(office, name)
        seen.add(state)
        assert state != (False, True), "a slot without an account"
        account = office.team.accounts.get(name)
        assert account is None or account.role is Role.VIEWER
        if account is not None:
            office.team.remove(office.root, name, OWNER)
        assert look(office, name) == (False, False)
        assert inconsistencies(office.team) == ()
        if alive:
            break
    else:
        pytest.fail("it never came to its end")
    assert {(True, True), (True, False), (False, False)} == seen


def test_a_new_password(office: Office) -> None:
    """One of the two passwords opens the vault, whenever it is cut short."""
    office.add("bob")
    new = "a heron above Glasbury"
    for call in range(1, 200):
        alive = not killed_at(
            call, office, lambda: office.team.set_password(office.root, "bob", new, OWNER)
        )
        assert office.opens("bob") != office.opens("bob", new)
        assert inconsistencies(office.team) == ()
        if alive:
            break
        office.team.set_password(office.root, "bob", NEW, OWNER)
    else:
        pytest.fail("it never came to its end")
    assert office.opens("bob", new)
