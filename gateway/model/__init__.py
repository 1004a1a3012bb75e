"""The gateway's vocabulary as plain values: no input, no output, standard library only."""
