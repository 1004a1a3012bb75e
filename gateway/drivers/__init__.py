"""One folder per instrument family."""
