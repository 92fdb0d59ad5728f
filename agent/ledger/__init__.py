"""The ledger: a tree whose root vouches for every leaf, notes that sign the root, proofs that travel as files."""
