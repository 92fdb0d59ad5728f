"""The reference city centre: receives, stores, answers. Written from docs/protocol.md and the schemas alone."""

__version__ = "0.1.0"
