"""The words of gpiod.line."""

from __future__ import annotations

from enum import Enum, auto


class Value(Enum):
    INACTIVE = 0
    ACTIVE = 1


class Direction(Enum):
    INPUT = auto()
    OUTPUT = auto()


class Edge(Enum):
    NONE = auto()
    BOTH = auto()


class Bias(Enum):
    AS_IS = auto()
    DISABLED = auto()
    PULL_UP = auto()
    PULL_DOWN = auto()
