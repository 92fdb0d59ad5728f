"""What the cameras' detectors scored and told, and what people said of it: on the disk, for a month."""
