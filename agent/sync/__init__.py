"""The link to the centre: everything that is said over MQTT."""
