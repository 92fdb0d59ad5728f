"""The auditor's check of a ledger: what was stored, what was stated and what was signed must be one story."""
