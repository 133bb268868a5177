# constants of the .py, written by tools/constants.py
cpdef enum:
    PAGE_SHIFT = 12
    PAGE_SIZE = 4096
