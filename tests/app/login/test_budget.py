from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jupyter_secure.app.login.budget import Budget
from jupyter_secure.errors import StateUnusable, TooManyTries
from jupyter_secure.identity.throttle import PER_ACCOUNT, PER_ADDRESS, Tally, account_key

if TYPE_CHECKING:
    from conftest import Place

HERE, ELSEWHERE = "192.0.2.7", "198.51.100.1"


@pytest.fixture
def budget(place: Place) -> Budget:
    """A budget of which nothing was used."""
    return Budget(place.attempts, place.clock)


def fail(budget: Budget, username: str | None, address: str = HERE) -> None:
    """Make one wrong try; raises ``TooManyTries`` when it may not be made."""
    with pytest.raises(ZeroDivisionError), budget.one_try(username, address):
        raise ZeroDivisionError


def test_right_tries_cost_nothing(budget: Budget) -> None:
    """Any number of right tries is free."""
    for _ in range(PER_ADDRESS.free + 1):
        with budget.one_try("alice", HERE):
            pass
    for _ in range(PER_ACCOUNT.free):
        fail(budget, "alice")


def test_wrong_tries_run_out(budget: Budget) -> None:
    """After the free ones the block does not run, from whatever address."""
    for _ in range(PER_ACCOUNT.free):
        fail(budget, "alice")
    for address in (HERE, ELSEWHERE):
        with pytest.raises(TooManyTries), budget.one_try("alice", address):
            pytest.fail("it ran")
    fail(budget, "bob")


def test_refused_tries_do_not_count_for_the_address(budget: Budget) -> None:
    """Tries that an account's limit refused were not verified: the address keeps its budget."""
    for _ in range(PER_ACCOUNT.free):
        fail(budget, "alice")
    for _ in range(2 * PER_ADDRESS.free):
        with pytest.raises(TooManyTries), budget.one_try("alice", HERE):
            pytest.fail("it ran")
    for _ in range(PER_ADDRESS.free - PER_ACCOUNT.free):
        fail(budget, None)
    with pytest.raises(TooManyTries), budget.one_try(None, HERE):
        pytest.fail("it ran")


def test_clearing_is_for_the_account(budget: Budget) -> None:
    """A complete login gives the account its tries back, and the address none."""
    for _ in range(PER_ADDRESS.free // PER_ACCOUNT.free):
        for _ in range(PER_ACCOUNT.free):
            fail(budget, "alice")
        budget.clear("alice")
    with pytest.raises(TooManyTries), budget.one_try("alice", HERE):
        pytest.fail("it ran")
    fail(budget, "alice", ELSEWHERE)


def test_a_devices_tries(place: Place, budget: Budget) -> None:
    """Tries on a known device run out there, for the password and the code apart."""
    device, codes = bytes(32), Budget.for_codes(place.attempts, place.clock)
    for one in (budget, codes):
        for _ in range(PER_ACCOUNT.free):
            with pytest.raises(ZeroDivisionError), one.one_try("alice", HERE, device):
                raise ZeroDivisionError
        with pytest.raises(TooManyTries), one.one_try("alice", HERE, device):
            pytest.fail("it ran")
    with budget.one_try("alice", HERE, bytes(31) + b"1"):
        pass
    for _ in range(PER_ACCOUNT.free):
        fail(budget, "alice")


def test_a_database_that_fails_gives_no_try_back(
    place: Place, budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was counted before it failed stays counted: nobody guesses for nothing."""
    reserve = place.attempts.reserve

    def failing(key: str, *more: Any) -> Tally:
        if key == account_key("alice"):
            raise StateUnusable("The disk is full.")
        return reserve(key, *more)

    monkeypatch.setattr(place.attempts, "reserve", failing)
    for _ in range(PER_ADDRESS.free):
        with pytest.raises(StateUnusable), budget.one_try("alice", HERE):
            pytest.fail("it ran")
    with pytest.raises(TooManyTries), budget.one_try(None, HERE):
        pytest.fail("it ran")
