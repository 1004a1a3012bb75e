"""The self-test: does what the settings describe exist, does it answer, and do clients see it right?

It sends nothing to an analyser but reads and loopbacks, opens servers on loopback alone, and leaves nothing running.
"""
