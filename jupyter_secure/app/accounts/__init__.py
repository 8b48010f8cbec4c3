"""Looking after the accounts of a small team on one server."""
