"""What a school could run instead, measured beside us in one run: `python -m bench.peers`."""
