"""Cameras. One file for each kind; the catalog names them."""
