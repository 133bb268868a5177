"""What the project is built with, and not part of it."""
