"""Speed and memory, measured on this machine and printed as tables: `python -m bench`."""
