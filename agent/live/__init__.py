"""Cameras as others ask for them: shown live, a picture of now, the list of all."""
