"""Who someone is: accounts, second factors, sessions, and limits on guessing.

Nothing here knows the vault: whether a password is right is whether it opens the account's slot,
and ``app/login/log_in.py`` joins the two.
"""
