"""How a box gets its certificate, and keeps one: the boot file, the EST client, the files of `pki`, renewal."""
