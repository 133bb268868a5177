"""Tools that build the project and are not installed with it."""
