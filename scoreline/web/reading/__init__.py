"""What the pages show, as plain values read from the control store."""
