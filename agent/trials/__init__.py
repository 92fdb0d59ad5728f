"""Changes of the box that must prove themselves: a configuration, a version of the agent. Worse than before: undone."""
