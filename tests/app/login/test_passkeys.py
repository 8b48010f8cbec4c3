"""Passkeys in the hands of their owner, of a stranger, and of someone with another account."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from support.authenticator import BACKED_UP, PRESENT, VERIFIED, SoftAuthenticator, b64, unb64

from jupyter_secure.app.login.factors import Factors
from jupyter_secure.app.login.passkey_answers import PasskeyAnswer
from jupyter_secure.app.login.passkey_log_in import PasskeyLogIn
from jupyter_secure.app.login.passkey_vault import PasskeyVault
from jupyter_secure.app.login.passkeys import ListedPasskey, Passkeys
from jupyter_secure.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PasswordNeeded,
    StateUnusable,
    TooManyTries,
    VaultSealed,
    WrongCredentials,
    WrongPasskey,
)
from jupyter_secure.identity.relying_party import place_of
from jupyter_secure.identity.sessions import Session
from jupyter_secure.store.factors import DatabaseFactors
from jupyter_secure.vault.keyring import Keyring

if TYPE_CHECKING:
    from conftest import Place

HERE = "192.0.2.7"
LAB = place_of("https", "lab.example.org")
ELSEWHERE = place_of("https", "other.example.org")
Answer = dict[str, Any]


@dataclass
class Desk:
    """A place, its vault.json, and what a person has in the pocket."""

    place: Place
    keyring: Keyring
    device: SoftAuthenticator = field(
        default_factory=lambda: SoftAuthenticator(LAB.origin, has_prf=True)
    )
    changes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        place = self.place
        self.vault = PasskeyVault(place.vault, lambda: self.keyring, self._change)
        self.factors = Factors(store=DatabaseFactors(place.database), sessions=place.sessions)
        parts = {"store": place.passkeys, "answers": place.passkey_answers, "vault": self.vault}
        parts |= {"sessions": place.sessions, "clock": place.clock}
        self.manage = Passkeys(accounts=place.accounts, factors=self.factors, **parts)
        self.log_in = PasskeyLogIn(attempts=place.attempts, accounts=place.accounts, **parts)

    def _change(self, change: Callable[[Keyring], Keyring]) -> Keyring:
        with self._lock:
            self.keyring = Keyring.from_json(change(self.keyring).to_json())
        return self.keyring

    def register(self, session: Session, name: str = "phone") -> tuple[ListedPasskey, Session]:
        """Make a passkey on the device and keep it."""
        answer = self.device.create(self.manage.begin(session, LAB))
        passkey, _, session = self.manage.add(session, name, answer)
        return passkey, session

    def let_open(self, session: Session, passkey: ListedPasskey) -> ListedPasskey:
        """Let the passkey open the vault."""
        options = self.manage.begin_opening(session, passkey.public_id, LAB)
        return self.manage.let_open(session, passkey.public_id, self.device.get(options))

    def second_step(self, answer: Callable[[Answer], Answer], name: str = "alice") -> Session:
        """Log in with the password and whatever is made of the options."""
        place = self.place
        pending = place.log_in.first_step(name, place.person(name).password, HERE)
        options = place.log_in.ask_passkey(pending, LAB)
        _, session = place.log_in.second_step(pending, PasskeyAnswer(answer(options)), HERE, "B")
        return session

    def alone(self, device: SoftAuthenticator | None = None) -> Session:
        """Log in with the passkey alone."""
        _, session = self.log_in((device or self.device).get(self.log_in.ask(LAB)), HERE, "B")
        return session

    def restart(self) -> Desk:
        """Return the desk after a restart of the server: the vault is sealed."""
        return Desk(self.place.restarted(), self.keyring, self.device)


@pytest.fixture
def desk(place: Place) -> Desk:
    return Desk(place, place.foundation.keyring)


@pytest.fixture
def session(desk: Desk) -> Session:
    _, session = desk.place.enter()
    desk.place.wait(seconds=30)
    return session


# ── registering ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", [-8, -7, -257], ids=["Ed25519", "P-256", "RSA"])
def test_a_passkey_is_kept_and_takes_the_place_of_the_code(
    desk: Desk, session: Session, algorithm: int
) -> None:
    """A passkey that was made in a session logs in beside the password, for each kind of key."""
    desk.device.algorithm = algorithm
    passkey, _ = desk.register(session, "  my phone ")
    assert (passkey.name, passkey.host) == ("my phone", "lab.example.org")
    assert not passkey.opens_vault
    assert desk.second_step(desk.device.get).username == "alice"
    (listed,) = desk.manage.list("alice")
    assert listed.last_used_at == desk.place.now


def test_options_tell_no_name_and_exclude_what_is_there(desk: Desk, session: Session) -> None:
    """The user handle is random and one for the account; what exists is not made again."""
    first = desk.manage.begin(session, LAB)
    assert first["rp"]["id"] == "lab.example.org"
    assert first["attestation"] == "none"
    assert first["authenticatorSelection"]["residentKey"] == "preferred"
    assert len(unb64(first["user"]["id"])) == 32
    assert b"alice" not in unb64(first["user"]["id"])
    assert not first.get("excludeCredentials")
    assert first["user"]["id"] != desk.manage.begin(session, LAB)["user"]["id"]
    _, session = desk.register(session)
    second = desk.manage.begin(session, LAB)
    assert [one["id"] for one in second["excludeCredentials"]] == [
        b64(desk.device.credentials[0].credential_id)
    ]
    assert unb64(second["user"]["id"]) == desk.device.credentials[0].user_handle
    assert not desk.manage.begin(session, ELSEWHERE).get("excludeCredentials")


def test_adding_and_removing_end_the_other_sessions(desk: Desk, session: Session) -> None:
    """A change of a factor raises the generation; the session that did it gets a new cookie."""
    _, other = desk.place.enter()
    before = desk.place.accounts.get("alice")
    assert before is not None
    passkey, rotated = desk.register(session)
    assert rotated.id_digest != session.id_digest
    assert [one.public_id for one in desk.place.sessions.live("alice")] == [session.public_id]
    token, after = desk.manage.remove(rotated, passkey.public_id)
    assert desk.place.sessions.authenticate(token) == after
    account = desk.place.accounts.get("alice")
    assert account is not None
    assert account.generation == before.generation + 2
    assert desk.manage.list("alice") == ()
    assert other.public_id not in {one.public_id for one in desk.place.sessions.live()}


def test_the_last_factor_stays(desk: Desk, session: Session) -> None:
    """With the authenticator gone, the one passkey can't be removed, and keeps its slot."""
    passkey, session = desk.register(session)
    desk.let_open(session, passkey)
    _, session = desk.factors.remove_totp(session)
    with pytest.raises(Conflict, match="last second factor"):
        desk.manage.remove(session, passkey.public_id)
    (listed,) = desk.manage.list("alice")
    assert listed.opens_vault


def test_it_is_renamed_by_its_owner_only(desk: Desk, session: Session) -> None:
    """A name changes for the owner; for another account the passkey does not exist."""
    passkey, session = desk.register(session)
    assert desk.manage.rename("alice", passkey.public_id, "key ring").name == "key ring"
    _, bob = desk.place.enter("bob")
    for attempt in (
        lambda: desk.manage.rename("bob", passkey.public_id, "mine"),
        lambda: desk.manage.remove(bob, passkey.public_id),
        lambda: desk.manage.begin_opening(bob, passkey.public_id, LAB),
        lambda: desk.manage.let_open_no_more("bob", passkey.public_id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert desk.manage.list("alice")[0].name == "key ring"


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "x" * 10_000, "a\u202eb", "a\nb", "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(desk: Desk, session: Session, name: str) -> None:
    """A passkey's name is short and shows what it holds."""
    with pytest.raises(InvalidInput):
        desk.register(session, name)
    assert desk.manage.list("alice") == ()


def test_one_credential_is_kept_once(desk: Desk, session: Session) -> None:
    """A credential that is known can't be registered again, by another account either."""
    answer = desk.device.create(desk.manage.begin(session, LAB))
    _, _, session = desk.manage.add(session, "phone", answer)
    _, bob = desk.place.enter("bob")
    for one in (session, bob):
        copy = SoftAuthenticator(LAB.origin)
        made = copy.create(desk.manage.begin(one, LAB) | {"excludeCredentials": []})
        credential = desk.device.credentials[0].credential_id
        attestation = unb64(made["response"]["attestationObject"])
        forged = attestation.replace(copy.credentials[0].credential_id, credential)
        made["id"] = made["rawId"] = b64(credential)
        made["response"]["attestationObject"] = b64(forged)
        with pytest.raises(Conflict, match="already"):
            desk.manage.add(one, "again", made)


def test_there_are_at_most_twenty(desk: Desk, session: Session) -> None:
    """An account can't fill the database with passkeys."""
    for number in range(20):
        desk.device.credentials.clear()
        _, session = desk.register(session, f"key {number}")
    desk.device.credentials.clear()
    with pytest.raises(Conflict, match="20"):
        desk.register(session, "one more")


# ── bad answers ─────────────────────────────────────────────────────────────────────────────────

TAMPERED: dict[str, Callable[[SoftAuthenticator], None]] = {
    "wrong origin": lambda d: setattr(d, "origin", "https://evil.example.org"),
    "a subdomain": lambda d: setattr(d, "origin", "https://x.lab.example.org"),
    "another port": lambda d: setattr(d, "origin", "https://lab.example.org:8443"),
    "no https": lambda d: setattr(d, "origin", "http://lab.example.org"),
    "wrong rpId": lambda d: setattr(d, "rp_id", "example.org"),
    "wrong type": lambda d: d.client_data.update(type="payment.get"),
    "in a frame": lambda d: d.client_data.update(crossOrigin=True),
    "in another's frame": lambda d: d.client_data.update(topOrigin="https://evil.example"),
    "own challenge": lambda d: d.client_data.update(challenge=b64(bytes(32))),
    "empty challenge": lambda d: d.client_data.update(challenge=""),
    "no challenge": lambda d: d.client_data.update(challenge=None),
    "origin no text": lambda d: d.client_data.update(origin=["https://lab.example.org"]),
    "nobody present": lambda d: setattr(d, "flags", VERIFIED),
    "backed up, not eligible": lambda d: setattr(d, "flags", PRESENT | VERIFIED | BACKED_UP),
    "cut short": lambda d: setattr(d, "alter", lambda data: data[:-1]),
    "cut to the half": lambda d: setattr(d, "alter", lambda data: data[: len(data) // 2]),
    "more at the end": lambda d: setattr(d, "alter", lambda data: data + b"\0"),
    "empty": lambda d: setattr(d, "alter", lambda _: b""),
    "no CBOR": lambda d: setattr(d, "alter", lambda data: b"\xff" * len(data)),
    "endless list": lambda d: setattr(d, "alter", lambda _: b"\x9b" + b"\xff" * 8),
    "deep": lambda d: setattr(d, "alter", lambda _: b"\x81" * 9000),
    "huge": lambda d: setattr(d, "alter", lambda data: data + bytes(100_000)),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_bad_registration_is_refused(
    desk: Desk, session: Session, tamper: Callable[[SoftAuthenticator], None]
) -> None:
    """Whatever is wrong with an answer, nothing is kept and the generation stays."""
    tamper(desk.device)
    with pytest.raises(WrongPasskey):
        desk.register(session)
    assert desk.manage.list("alice") == ()
    assert desk.place.sessions.live("alice") == (session,)


@pytest.mark.parametrize("algorithm", [-9, -35, -65535, 0, 99])
def test_other_kinds_of_keys_are_refused(desk: Desk, session: Session, algorithm: int) -> None:
    """A key of a kind that was not asked for is not kept."""
    desk.device.algorithm = algorithm
    with pytest.raises(WrongPasskey):
        desk.register(session)


def test_a_key_that_is_none_is_refused(desk: Desk, session: Session) -> None:
    """A point that is not on the curve is noticed before it is somebody's only factor."""
    desk.device.alter = lambda data: data[:-32] + bytes(32)
    with pytest.raises(WrongPasskey):
        desk.register(session)


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_bad_answer_is_no_second_factor(
    desk: Desk, session: Session, tamper: Callable[[SoftAuthenticator], None]
) -> None:
    """Whatever is wrong with an answer, it neither logs in, nor elevates, nor passes for both."""
    _, session = desk.register(session)
    bad = replace(desk.device)
    tamper(bad)
    with pytest.raises(WrongCredentials):
        desk.second_step(bad.get)
    with pytest.raises(WrongCredentials):
        desk.alone(bad)
    with pytest.raises(WrongPasskey):
        options = desk.place.elevate.ask_passkey(session, LAB)
        desk.place.elevate(session, PasskeyAnswer(bad.get(options)))
    assert desk.place.sessions.live("alice") == (session,)


@pytest.mark.parametrize(
    "answer",
    [
        None, [], "", 5, {}, {"type": "public-key"}, {"type": "public-key", "response": None},
        {"type": "public-key", "rawId": "AA", "id": "AA", "response": {}},
        {"type": "public-key", "rawId": 5, "id": 5, "response": {"clientDataJSON": 5}},
        {"type": "public-key", "rawId": "A" * 100_000, "id": "A", "response": {}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_answer_is_refused(desk: Desk, session: Session, answer: object) -> None:
    """JSON of any other shape is refused as a wrong answer is."""
    _, session = desk.register(session)
    with pytest.raises(WrongCredentials):
        desk.second_step(lambda _: answer)  # type: ignore[arg-type,return-value]  # what is tested
    with pytest.raises(WrongCredentials):
        desk.log_in(answer, HERE, "B")
    with pytest.raises(WrongPasskey):
        desk.manage.add(session, "x", answer)


def test_an_answer_counts_once(desk: Desk, session: Session) -> None:
    """The answer that logged in does not do so again, whatever its counter says."""
    desk.register(session)
    desk.device.counts = False
    answer = desk.device.get(desk.log_in.ask(LAB))
    desk.log_in(answer, HERE, "B")
    with pytest.raises(WrongCredentials):
        desk.log_in(answer, HERE, "B")


def test_a_wrong_answer_uses_its_question_up(desk: Desk, session: Session) -> None:
    """After a wrong answer to it, a challenge is good for no right one either."""
    desk.register(session)
    options = desk.log_in.ask(LAB)
    bad = replace(desk.device, verifies=False)
    with pytest.raises(WrongCredentials):
        desk.log_in(bad.get(options), HERE, "B")
    with pytest.raises(WrongCredentials):
        desk.log_in(desk.device.get(options), HERE, "B")


def test_an_answer_is_for_its_question_only(desk: Desk, session: Session) -> None:
    """What was asked for one purpose, login or session is no answer for another."""
    passkey, session = desk.register(session)
    _, other = desk.place.enter()
    place = desk.place
    pending = place.log_in.first_step("alice", place.person("alice").password, HERE)
    another = place.log_in.first_step("alice", place.person("alice").password, HERE)
    ask: dict[str, Callable[[], Answer]] = {
        "login": lambda: desk.log_in.ask(LAB),
        "this login": lambda: place.log_in.ask_passkey(pending, LAB),
        "another login": lambda: place.log_in.ask_passkey(another, LAB),
        "elevate": lambda: place.elevate.ask_passkey(session, LAB),
        "other's elevate": lambda: place.elevate.ask_passkey(other, LAB),
        "vault": lambda: desk.manage.begin_opening(session, passkey.public_id, LAB),
    }
    take: dict[str, Callable[[Answer], object]] = {
        "login": lambda given: desk.log_in(given, HERE, "B"),
        "this login": lambda given: place.log_in.second_step(
            pending, PasskeyAnswer(given), HERE, "B"
        ),
        "elevate": lambda given: place.elevate(session, PasskeyAnswer(given)),
        "vault": lambda given: desk.manage.let_open(session, passkey.public_id, given),
    }
    for asked, question in ask.items():
        for taken, answer in take.items():
            if asked != taken:
                with place.database.writing() as connection:
                    connection.exec_driver_sql("DELETE FROM attempts")
                with pytest.raises((WrongCredentials, WrongPasskey)):
                    answer(desk.device.get(question()))
    assert place.sessions.elevated_seconds_left(session) == 0


def test_an_answer_comes_in_time_or_not_at_all(desk: Desk, session: Session) -> None:
    """A challenge lives five minutes, and a clock that was set back ends it."""
    desk.register(session)
    for minutes in (5, -1):
        options = desk.log_in.ask(LAB)
        desk.place.wait(minutes=minutes)
        with pytest.raises(WrongCredentials):
            desk.log_in(desk.device.get(options), HERE, "B")


def test_anothers_passkey_is_no_second_factor(desk: Desk, session: Session) -> None:
    """Bob's passkey, though right, does not let in who knows Alice's password."""
    desk.register(session)
    _, bob = desk.place.enter("bob")
    bobs = SoftAuthenticator(LAB.origin)
    desk.manage.add(bob, "key", bobs.create(desk.manage.begin(bob, LAB)))
    with pytest.raises(WrongCredentials):
        desk.second_step(lambda options: bobs.get(options, bobs.credentials[0]))


def test_anothers_user_handle_is_refused(desk: Desk, session: Session) -> None:
    """Alone, a passkey must say whose it is, and rightly."""
    desk.register(session)
    for handle in (bytes(32), b""):
        answer = desk.device.get(desk.log_in.ask(LAB))
        answer["response"]["userHandle"] = b64(handle)
        with pytest.raises(WrongCredentials):
            desk.log_in(answer, HERE, "B")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_counter_that_does_not_go_up_is_refused(desk: Desk, session: Session, count: int) -> None:
    """A copy of a passkey, whose counter stayed behind, does not get in."""
    desk.register(session)
    desk.alone()
    desk.alone()
    desk.device.credentials[0].count = count - 1
    with pytest.raises(WrongCredentials):
        desk.alone()


def test_a_passkey_that_never_counts_goes_on(desk: Desk, session: Session) -> None:
    """Synced passkeys say 0 each time, which is fine; once one counted, 0 is not."""
    desk.device.counts = False
    desk.register(session)
    desk.alone()
    desk.alone()
    desk.device.counts = True
    desk.alone()
    desk.device.credentials[0].count = -1
    with pytest.raises(WrongCredentials):
        desk.alone()


def test_a_record_that_was_planted_opens_nothing(desk: Desk, session: Session) -> None:
    """Whoever may write state.db can neither move a passkey to another account nor make one up."""
    desk.register(session)
    with desk.place.database.writing() as connection:
        connection.exec_driver_sql("UPDATE passkeys SET username = 'bob'")
    with pytest.raises(StateUnusable):
        desk.alone()
    with pytest.raises(StateUnusable):
        desk.second_step(desk.device.get, "bob")


def test_at_another_name_it_is_not_asked_for(desk: Desk, session: Session) -> None:
    """A passkey works at the host it was made at; at another the account seems to have none."""
    _, session = desk.register(session)
    with pytest.raises(NotFound, match=r"other\.example\.org"):
        desk.place.elevate.ask_passkey(session, ELSEWHERE)
    (passkey,) = desk.manage.list("alice")
    with pytest.raises(Conflict, match=r"lab\.example\.org"):
        desk.manage.begin_opening(session, passkey.public_id, ELSEWHERE)


def test_an_answer_for_another_name_is_refused(desk: Desk, session: Session) -> None:
    """An answer that was signed at and for another host is none of a passkey of this one."""
    desk.register(session)
    relayed = replace(desk.device, origin=ELSEWHERE.origin, rp_id=ELSEWHERE.rp_id)
    credential = desk.device.credentials[0]
    with pytest.raises(WrongCredentials):
        desk.log_in(relayed.get(desk.log_in.ask(ELSEWHERE), credential), HERE, "B")


def test_of_fifty_at_once_one_gets_in(
    desk: Desk,
    session: Session,
    in_parallel: Callable[[int, Callable[[], object]], list[object]],
) -> None:
    """One answer that is sent fifty times at the same moment begins one session."""
    desk.register(session)
    answer = desk.device.get(desk.log_in.ask(LAB))
    outcomes = in_parallel(50, lambda: desk.log_in(answer, HERE, "B"))
    assert sum(isinstance(one, tuple) for one in outcomes) == 1


def test_wrong_answers_are_limited_as_codes_are(desk: Desk, session: Session) -> None:
    """Guessing at a passkey costs the same waits."""
    desk.register(session)
    bad = replace(desk.device, origin="https://evil.example")
    with pytest.raises(TooManyTries):
        for _ in range(30):
            with pytest.raises(WrongCredentials):
                desk.alone(bad)


# ── alone ───────────────────────────────────────────────────────────────────────────────────────


def test_alone_it_logs_in_while_the_vault_is_open(desk: Desk, session: Session) -> None:
    """Without a password, with the vault open in this run, an unlocked passkey is enough."""
    desk.register(session)
    entered = desk.alone()
    assert entered.username == "alice"
    assert desk.place.sessions.elevated_seconds_left(entered) == 0


def test_alone_it_must_be_unlocked(desk: Desk, session: Session) -> None:
    """Without user verification a passkey is one factor, and one is not enough."""
    desk.register(session)
    desk.device.verifies = False
    with pytest.raises(WrongCredentials):
        desk.alone()
    desk.second_step(desk.device.get)


def test_the_question_to_a_stranger_names_nobody(desk: Desk, session: Session) -> None:
    """What anyone is asked at the first step is the same whoever has a passkey here."""
    before = desk.log_in.ask(LAB)
    desk.register(session)
    after = desk.log_in.ask(LAB)
    assert before.pop("challenge") != after.pop("challenge")
    assert before == after
    assert after["allowCredentials"] == []
    assert after["userVerification"] == "required"


def test_sealed_it_asks_for_a_password(desk: Desk, session: Session) -> None:
    """A passkey without a slot does not open the sealed vault, and the answer says so."""
    desk.register(session)
    desk = desk.restart()
    stranger = SoftAuthenticator(LAB.origin, has_prf=True)
    stranger.create(desk_options(stranger))
    for device in (desk.device, stranger):
        with pytest.raises(PasswordNeeded, match="password"):
            desk.alone(device)
    assert not desk.place.vault.is_open
    desk.place.close()


def desk_options(device: SoftAuthenticator) -> Answer:
    user = {"id": b64(bytes(32)), "name": "x"}
    return {"rp": {"id": LAB.rp_id}, "user": user, "challenge": "AA", "pubKeyCredParams": [
        {"alg": device.algorithm}
    ]}  # fmt: skip


def test_with_its_own_slot_it_opens_the_vault(desk: Desk, session: Session) -> None:
    """A passkey that computes a secret opens the vault after a restart, without a password."""
    passkey, session = desk.register(session)
    assert desk.let_open(session, passkey).opens_vault
    desk = desk.restart()
    assert not desk.place.vault.is_open
    assert desk.alone().username == "alice"
    assert desk.place.vault.is_open
    desk.place.close()


def test_a_passkey_that_computes_at_once_opens_at_once(desk: Desk, session: Session) -> None:
    """Where the secret comes as the passkey is made, nobody is asked a second time."""
    desk.device.prf_at_once = True
    passkey, _ = desk.register(session)
    assert passkey.opens_vault


def test_a_secret_without_unlocking_opens_nothing(desk: Desk, session: Session) -> None:
    """A secret that was computed without user verification is not taken for the vault's."""
    desk.device.prf_at_once, desk.device.verifies = True, False
    passkey, session = desk.register(session)
    assert not passkey.opens_vault
    with pytest.raises(WrongPasskey):
        desk.let_open(session, passkey)


def test_one_without_the_extension_says_so(desk: Desk, session: Session) -> None:
    """Letting a passkey open the vault that can't is refused with the reason."""
    desk.device.has_prf = False
    passkey, session = desk.register(session)
    with pytest.raises(InvalidInput, match="cannot open the vault"):
        desk.let_open(session, passkey)
    assert desk.keyring.passkeys == ()


def test_another_secret_does_not_open(desk: Desk, session: Session) -> None:
    """The secret decides: the right passkey with another one is refused as a wrong credential."""
    passkey, session = desk.register(session)
    desk.let_open(session, passkey)
    desk = desk.restart()
    desk.device.credentials[0].secret = bytes(32)
    with pytest.raises(WrongCredentials):
        desk.alone()
    assert not desk.place.vault.is_open
    desk.place.close()


def test_the_secret_alone_does_not_let_in(desk: Desk, session: Session) -> None:
    """Who has the secret and not the passkey gets no session, and the vault stays sealed."""
    passkey, session = desk.register(session)
    desk.let_open(session, passkey)
    desk = desk.restart()
    answer = desk.device.get(desk.log_in.ask(LAB))
    answer["response"]["signature"] = b64(bytes(64))
    with pytest.raises(WrongCredentials):
        desk.log_in(answer, HERE, "B")
    assert not desk.place.vault.is_open
    desk.place.close()


def test_removed_it_opens_nothing(desk: Desk, session: Session) -> None:
    """With the passkey its slot goes, and taking the slot away leaves the passkey."""
    passkey, session = desk.register(session)
    desk.let_open(session, passkey)
    desk.manage.let_open_no_more("alice", passkey.public_id)
    assert not desk.manage.list("alice")[0].opens_vault
    desk.let_open(session, passkey)
    desk.let_open(session, passkey)  # in its own place
    assert len(desk.keyring.passkeys) == 1
    desk.manage.remove(session, passkey.public_id)
    assert desk.keyring.passkeys == ()


def test_sealed_nothing_is_changed(desk: Desk, session: Session) -> None:
    """Once the vault is sealed, passkeys are neither listed nor changed."""
    desk.register(session)
    desk.place.sessions.end_all()
    for attempt in (
        lambda: desk.manage.list("alice"),
        lambda: desk.manage.begin(session, LAB),
        lambda: desk.place.elevate.ask_passkey(session, LAB),
    ):
        with pytest.raises(VaultSealed):
            attempt()


# ── elevating ───────────────────────────────────────────────────────────────────────────────────


def test_it_elevates(desk: Desk, session: Session) -> None:
    """A passkey confirms a second factor for who is logged in, and the cookie changes."""
    _, session = desk.register(session)
    answer = desk.device.get(desk.place.elevate.ask_passkey(session, LAB))
    token, elevated = desk.place.elevate(session, PasskeyAnswer(answer))
    assert desk.place.sessions.elevated_seconds_left(elevated) == 600
    assert desk.place.sessions.authenticate(token) == elevated


@pytest.mark.parametrize("change", ["generation", "account"])
def test_a_change_during_a_login_ends_it(
    desk: Desk, session: Session, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A passkey's login that began before a password or a factor was changed gives no session."""
    desk.register(session)
    use = desk.place.passkey_answers.use

    def then_change(*args: Any, **kwargs: Any) -> None:
        use(*args, **kwargs)
        if change == "generation":
            desk.place.factor_store.raise_generation("alice", None)
        else:
            with desk.place.database.writing() as connection:
                connection.exec_driver_sql("DELETE FROM accounts WHERE username = 'alice'")

    monkeypatch.setattr(desk.place.passkey_answers, "use", then_change)
    with pytest.raises(WrongCredentials):
        desk.alone()
    assert not [one for one in desk.place.sessions.live("alice") if one != session]


def test_a_passkey_login_counts_its_address_once(desk: Desk) -> None:
    """Twenty wrong answers from one address are free, and the twenty-first has to wait."""
    for _ in range(20):
        with pytest.raises(WrongCredentials):
            desk.log_in({}, HERE, "B")
    with pytest.raises(TooManyTries):
        desk.log_in({}, HERE, "B")


def test_a_login_that_breaks_off_leaves_no_session(
    desk: Desk, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its try cannot be given back there is no session; a tally that stays ends none."""
    desk.register(session)
    before = len(desk.place.sessions.live())

    def fail(*_: object) -> None:
        raise StateUnusable("The disk is full.")

    monkeypatch.setattr(desk.place.attempts, "refund", fail)
    with pytest.raises(StateUnusable):
        desk.alone()
    assert len(desk.place.sessions.live()) == before
    monkeypatch.undo()
    monkeypatch.setattr(desk.place.attempts, "clear", fail)
    desk.alone()
    assert len(desk.place.sessions.live()) == before + 1
