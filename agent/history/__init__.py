"""What became of each device, of the link, of the clock and of the agent itself: for `mektep why`."""
