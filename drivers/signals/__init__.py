"""Lamps and buzzers for readers that have none. One file each; the catalog names them."""
