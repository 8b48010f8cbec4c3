"""The record: what is written of each event, the chain that shows tampering, and checking it."""
