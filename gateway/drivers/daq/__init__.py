"""Data acquisition devices: waveforms with their statistics, single values, and playback through the output gate."""
