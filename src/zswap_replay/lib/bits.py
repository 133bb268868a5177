"""Sets of numbers as the bits of words; compiled, an instruction (the .pxd)."""

import cython

if not cython.compiled:

    def lowest_bit(word: int) -> int:
        """Return the number of the lowest bit that is set in a word, which is not 0."""
        return (word & -word).bit_length() - 1
