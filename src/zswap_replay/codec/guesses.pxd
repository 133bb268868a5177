cimport cython
from zswap_replay.codec.contents cimport Contents
from zswap_replay.lib.length_index cimport CLASS_SHIFT, KIND_MASK, Lengths

# constants of the .py, written by tools/constants.py
cpdef enum:
    FIRST_GUESS = 1600

cdef class Guesses:
    cdef readonly Contents contents
    cdef readonly Lengths known, lengths
    cdef public list new, guesses
    cdef readonly bint at_once
    cdef object pages, refused, bytes
