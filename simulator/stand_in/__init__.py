"""Libraries that the agent would ask the kernel through, where the simulator stands in for the hardware: with this
folder on PYTHONPATH an agent finds the simulated GPIO chip (simulator/gpio_chip.py) in place of the kernel's.
"""
