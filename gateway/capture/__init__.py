"""Recorded wire traffic: the file format, writing and reading it, what it says, and playing it back as a device."""
