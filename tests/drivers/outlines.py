"""The mask of most tests: the left half of a picture. Without imports: the Debian tree's checks use it, too."""

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
