"""Changing, backing up and recovering keys."""
