"""One archive for support: what the box knows of itself, without secrets and without children."""
