"""What the hardware said. Knows nothing of schools, outbox or MQTT."""
