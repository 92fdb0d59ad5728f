"""The figures: each is a ratio to a limit or a peer measured in the same run. `python -m bench` prints them."""
