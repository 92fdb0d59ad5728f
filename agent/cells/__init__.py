"""Drivers that rest on native or blocking code, each in a child process that can be ended: the daemon's side."""
