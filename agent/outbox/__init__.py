"""Promises on disk: accepted events until the centre says stored."""
