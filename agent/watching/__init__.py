"""The watched cameras: what the eyes tell of them, how they score, whether their clocks are right, who has looked."""
