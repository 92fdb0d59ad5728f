"""Training and judging what the cameras' detectors see: heads from labelled footage, skill by source, cost."""
