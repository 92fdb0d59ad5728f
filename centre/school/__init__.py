"""A school's own data: from a folder of CSV files, checked as a whole, to sealed datasets of its box."""
