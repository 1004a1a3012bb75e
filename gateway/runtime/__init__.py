"""What keeps running: acquisition of each analyser, the hub in the middle, and the northbound servers."""
