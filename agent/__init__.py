"""What it means and who must know: the daemon of one school."""

__version__ = "0.1.0"
