"""What importers share: opened inputs, lines, memcgs that are named after programs, and rows put in order."""
