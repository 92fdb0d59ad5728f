"""What becomes of a reading: the path of a tap to its light, of an alarm to the centre, and all lights for people."""
