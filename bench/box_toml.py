"""How the configuration begins of a box whose centre nobody runs: what is measured at it needs no line."""

from __future__ import annotations

HEAD = """
school = "school-07"
[centre]
broker = "mqtt://127.0.0.1:1"
orders_key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
[state]
directory = "{folder}/state"
runtime = "{folder}/run"
"""
