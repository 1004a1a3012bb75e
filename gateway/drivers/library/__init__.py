"""Instrument libraries: whatever yields a stream of payloads becomes an analyser, by its shape alone."""
