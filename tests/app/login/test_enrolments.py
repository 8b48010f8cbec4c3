from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.app.login.enrolments import NewAuthenticator
from jupyter_secure.errors import NotFound, TooManyTries, WrongCode, WrongCredentials
from jupyter_secure.identity import totp
from jupyter_secure.identity.passkeys import Passkey
from jupyter_secure.identity.sessions import Session

if TYPE_CHECKING:
    from conftest import Place

InParallel = Callable[[int, Callable[[], object]], list[object]]


@pytest.fixture
def session(place: Place) -> Session:
    """Return a session of Alice's."""
    return place.enter()[1]


def code_of(made: NewAuthenticator, place: Place, **off: float) -> str:
    return totp.current_code(made.secret, place.now + timedelta(**off))


def test_a_new_authenticator_takes_the_place_of_the_old(place: Place, session: Session) -> None:
    """Until a code of the new one came the old one is in force, and from then on the new one."""
    made = place.enrolments.begin(session)
    assert made.secret in made.uri
    assert place.enrolments.begun(session) == made
    place.wait(seconds=30)
    place.enter()  # with the old one
    place.wait(seconds=30)
    token, _ = place.enrolments.confirm(session, code_of(made, place))
    assert place.sessions.authenticate(token) is not None
    place.wait(seconds=30)
    with pytest.raises(WrongCredentials):
        place.enter()
    place.enter(code=code_of(made, place))
    assert place.enrolments.begun(session) is None


def test_the_confirming_code_does_not_log_in(place: Place, session: Session) -> None:
    """Neither the step that confirmed nor an earlier one logs in; the next one does."""
    made = place.enrolments.begin(session)
    confirming, earlier = code_of(made, place), code_of(made, place, seconds=-30)
    place.enrolments.confirm(session, confirming)
    for code in (confirming, earlier):
        with pytest.raises(WrongCredentials):
            place.enter(code=code)
    place.enter(code=code_of(made, place, seconds=30))


def test_it_is_kept_sealed(place: Place, session: Session) -> None:
    """The pending secret stands nowhere in the database."""
    made = place.enrolments.begin(session)
    place.database.close()
    kept = b"".join(file.read_bytes() for file in place.path.parent.glob("state.db*"))
    assert made.secret.encode() not in kept
    assert made.secret not in repr(made)


@pytest.mark.parametrize("waits", [{"minutes": 15}, {"seconds": -10}])
def test_it_runs_out(place: Place, session: Session, waits: dict[str, float]) -> None:
    """After a quarter of an hour, or when the clock was set back, one begins again."""
    made = place.enrolments.begin(session)
    place.wait(**waits)
    with pytest.raises(NotFound):
        place.enrolments.confirm(session, code_of(made, place))
    assert place.enrolments.begun(session) is None


def test_beginning_again_ends_the_first(place: Place, session: Session) -> None:
    """A code of a secret that was shown and replaced confirms nothing."""
    first = place.enrolments.begin(session)
    second = place.enrolments.begin(session)
    with pytest.raises(WrongCode):
        place.enrolments.confirm(session, code_of(first, place))
    _, session = place.enrolments.confirm(session, code_of(second, place))
    with pytest.raises(NotFound):
        place.enrolments.confirm(session, code_of(second, place, seconds=30))


def test_wrong_codes_are_counted(place: Place, session: Session) -> None:
    """After five wrong ones the right one waits too."""
    made = place.enrolments.begin(session)
    for _ in range(5):
        with pytest.raises(WrongCode):
            place.enrolments.confirm(session, "nonsense")
    with pytest.raises(TooManyTries):
        place.enrolments.confirm(session, code_of(made, place))


@pytest.mark.parametrize(("minutes", "words"), [(4, "about 4 minutes"), (-7, "about 7 minutes")])
def test_a_wrong_clock_is_told(place: Place, session: Session, minutes: float, words: str) -> None:
    """Whose authenticator's clock is off is told so and by how much; the code is not accepted."""
    made = place.enrolments.begin(session)
    with pytest.raises(WrongCode, match=words) as caught:
        place.enrolments.confirm(session, code_of(made, place, minutes=minutes))
    assert caught.value.clock_off_seconds == minutes * 60


def test_of_parallel_confirmations_one_counts(
    place: Place, session: Session, in_parallel: InParallel
) -> None:
    """However many bring the right code at once, the authenticator is put in force once."""
    made = place.enrolments.begin(session)
    code = code_of(made, place)
    outcomes = in_parallel(4, lambda: place.enrolments.confirm(session, code))
    assert len([one for one in outcomes if isinstance(one, tuple)]) == 1


def test_an_authenticator_beside_passkeys_only(place: Place, session: Session) -> None:
    """An account without an authenticator has no code that is right, and can set one up."""
    passkey = Passkey(b"k", "k", "alice", "Key", b"sealed", 0, place.now)
    place.passkeys.add(passkey, 10, session.public_id)
    _, session = place.factors.remove_totp(session)
    place.wait(seconds=30)
    for code in (place.code(), "000000"):
        with pytest.raises(WrongCredentials):
            place.enter(code=code)
    made = place.enrolments.begin(session)
    place.enrolments.confirm(session, code_of(made, place))
    place.enter(code=code_of(made, place, seconds=30))


def test_what_was_confirmed_in_another_tab(
    place: Place, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two who confirm at once one is told that it was done already."""
    made = place.enrolments.begin(session)
    monkeypatch.setattr(place.enrolments._factors, "put_totp", lambda *_: False)
    with pytest.raises(NotFound, match="no authenticator to confirm"):
        place.enrolments.confirm(session, code_of(made, place))
