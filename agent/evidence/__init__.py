"""Pictures that show what an alarm tells: sealed, kept within a quota, owed to the centre until it has them."""
