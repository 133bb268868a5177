"""Input that nobody meant, for everything that reads: `make fuzz`, and a little of it in each run of the tests."""
