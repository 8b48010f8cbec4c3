"""The settings an administrator can change, and the values that are no settings."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets import TraitError
from traitlets.config import Config

from jupyter_secure.server.config import SecureConfig


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_tls", "1.1"),
        ("min_tls", 1.2),
        ("idle_minutes", 0),
        ("idle_minutes", -1),
        ("max_hours", float("nan")),
        ("max_hours", "long"),
        ("elevation_minutes", float("inf")),
        ("trusted_device_days", -1),
        ("trusted_device_days", 366),
        ("trusted_device_days", 0.5),
        ("encrypt", []),
        ("encrypt", [1]),
        ("trusted_proxies", ["everyone"]),
        ("trusted_proxies", ["0.0.0.0/0"]),
        ("trusted_proxies", ["::/0"]),
        ("require_https", "perhaps"),
        ("follow_outside_links", "no"),
        ("upload_idle_minutes", 0),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: Any) -> None:
    """Such a value stops the configuration, and the error names the setting."""
    with pytest.raises(TraitError, match=name):
        SecureConfig(config=Config({"SecureConfig": {name: value}}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_tls", "1.3"),
        ("idle_minutes", 0.5),
        ("max_hours", 24),
        ("encrypt", ["*"]),
        ("trusted_proxies", ["10.0.0.0/8", "::1", "unix"]),
    ],
)
def test_a_value_that_makes_sense_is_taken(name: str, value: Any) -> None:
    """What an administrator sets is what holds."""
    config = SecureConfig(config=Config({"SecureConfig": {name: value}}))
    assert getattr(config, name) == value


def test_every_setting_explains_itself() -> None:
    """Each setting has a help text of its own."""
    traits = SecureConfig.class_own_traits(config=True)
    assert len(traits) >= 9
    assert all(len(trait.help) > 20 for trait in traits.values())


def test_the_state_directory_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that starts with ~ is that of the account, wherever the server was started."""
    monkeypatch.setenv("HOME", "/home/alice")
    assert SecureConfig(state_dir="~/secure").state_dir == "/home/alice/secure"
