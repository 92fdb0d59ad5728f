"""What thresholds the school's own last days propose: `mektep camera tune`."""
