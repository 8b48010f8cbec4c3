"""Setting a place up, taking it out again, and saying what is on."""
