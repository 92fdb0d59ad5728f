"""What the Pi under the agent needs: compared with firmware_cfg/, shown with reasons, applied with a backup."""
