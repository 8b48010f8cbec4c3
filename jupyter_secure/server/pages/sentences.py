"""The fixed sentences of errors that people meet on our pages, for the translators.

Errors speak English wherever they come from, as they know no reader. A page shows them through
``sentence`` or ``Page._say``; what is not listed here (what names things, and what only programs
meet) stays as it is.
"""

from __future__ import annotations

from jupyter_secure.errors import SecureError, TooManyTries
from jupyter_secure.server.pages.languages import in_language, texts


def N_(text: str) -> str:  # noqa: N802 - the mark that tools for gettext look for
    """Mark a text for extraction, and return it."""
    return text


SENTENCES = (
    # The log-in, and confirming.
    N_("That user name, password or code is not right."),
    N_("That code is not right."),
    N_("It was mistyped, is too old, or was used before."),
    N_("Wait for the next code and enter that one."),
    N_("Too many wrong tries."),
    N_("That passkey was not accepted."),
    N_("It is not registered here, its answer came too late, or it was used before."),
    N_("Try again, or use a code."),
    N_("The vault is sealed, and this passkey does not open it."),
    N_("Nobody has logged in since the server started, or everyone has logged out."),
    N_("Log in with your password; the passkey can take the place of the code."),
    # The password.
    N_("The present password is not right."),
    N_("It was mistyped, or was changed meanwhile."),
    N_("Try again."),
    N_("That is the present password."),
    N_("Choose another."),
    N_("The two new passwords are not the same."),
    N_("The two passwords differ."),
    N_("Type them again."),
    N_("The password is too short."),
    N_("The password is too long."),
    N_("The password would be guessed."),
    N_("Use at least 10 characters; four unrelated words are good."),
    N_("Use a longer one; four or more unrelated words are good."),
    # Second factors, sessions, tokens.
    N_("This is the last second factor of the account."),
    N_("Without one the password alone would open it."),
    N_("Add another one first."),
    N_("There is no authenticator to confirm."),
    N_("It took too long, or another one was begun since."),
    N_("Begin again."),
    N_("There is no such passkey."),
    N_("There is no such session."),
    N_("There is no such device."),
    N_("There is no such access token."),
    N_("It may have been removed already."),
    N_("It may have been revoked already."),
    N_("It may have ended already."),
    N_("The name of a passkey has 1 to 64 characters."),
    N_("Choose another one."),
    N_("The token needs a name."),
    N_("It is how you find it again, to revoke it."),
    N_("The token has no rights."),
    N_("Give it at least one: read."),
    N_("That is not a folder that a token can be for."),
    N_("That form is not one of this page."),
    # Links.
    N_("This link does not work."),
    N_("It was used, has expired, was taken back, or is not complete."),
    N_("Ask whoever gave it to you for a new one."),
    # What the gate refuses.
    N_("This server answers over HTTPS only."),
    N_("A page of another site made this request."),
    N_("You are not logged in."),
    N_("The request could not be checked."),
)


def sentence(language: str, error: SecureError) -> str:
    """Return what ``error`` says, in ``language`` as far as that knows it."""
    if isinstance(error, TooManyTries):
        wait = texts(language).ngettext(
            "Wait %(seconds)s second and try again.",
            "Wait %(seconds)s seconds and try again.",
            error.retry_after,
        )
        parts = [in_language(language, error.what), wait % {"seconds": error.retry_after}]
    else:
        parts = [in_language(language, part) for part in (error.what, error.why, error.remedy)]
    return " ".join(part for part in parts if part)
