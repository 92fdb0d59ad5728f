"""What keeps the daemon observable and alive."""
