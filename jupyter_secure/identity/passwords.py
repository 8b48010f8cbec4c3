"""What makes a password good enough.

NIST SP 800-63B section 3.1.1.2 asks for length and a check against what attackers try first, and
for no rules on its characters. zxcvbn does the second: it estimates the guesses that a password
would stand, and knows common passwords, names, dates, keyboard rows and the user's own name.
"""

from __future__ import annotations

from jupyter_secure.errors import InvalidInput, WeakPassword

MIN_LENGTH = 10
MAX_LENGTH = 128
#: A hostile form must not make the server hash megabytes.
MAX_BYTES = 1024
#: zxcvbn's scale is 0..4; 3 stands 10^8 guesses at least, before Argon2id makes each one slow.
MIN_SCORE = 3
# zxcvbn's work grows with the square of the length; what comes later can only add strength.
_ESTIMATED = 72


def is_acceptable_size(password: str) -> bool:
    """Say whether ``password`` is short enough to be worth deriving a key from."""
    return len(password) <= MAX_BYTES and len(password.encode(errors="replace")) <= MAX_BYTES


def check_strength(password: str, username: str, *, called: str = "password") -> None:
    """Raise ``WeakPassword`` with a remedy if ``password`` would be guessed.

    Raises ``InvalidInput`` if it is too long or not text. ``called`` is what the messages call it.
    """
    if len(password) > MAX_LENGTH or not is_acceptable_size(password):
        raise InvalidInput(
            f"The {called} is too long.", remedy=f"Use at most {MAX_LENGTH} characters."
        )
    if any("\ud800" <= c <= "\udfff" for c in password):
        raise InvalidInput(
            f"The {called} holds bytes that are not text.", remedy="Type it as UTF-8 text."
        )
    if len(password) < MIN_LENGTH:
        raise WeakPassword(
            f"The {called} is too short.",
            remedy=f"Use at least {MIN_LENGTH} characters; four unrelated words are good.",
        )
    # Loading its word lists takes a while, and most commands never need them.
    from zxcvbn import zxcvbn

    estimate = zxcvbn(password[:_ESTIMATED], user_inputs=[username, "jupyter", "jupyterlab"])
    if estimate["score"] < MIN_SCORE:
        raise WeakPassword(
            f"The {called} would be guessed.",
            why=str(estimate["feedback"]["warning"]),
            remedy="Use a longer one; four or more unrelated words are good.",
        )
