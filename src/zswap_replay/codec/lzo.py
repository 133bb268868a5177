"""lzo, as crypto/lzo.c calls it, through the system's liblzo2."""

from __future__ import annotations

import ctypes

from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE

_LIBRARY = "liblzo2.so.2"
_WORK_BYTES = 32768 * ctypes.sizeof(ctypes.c_void_p)  # LZO1X_1_15_MEM_COMPRESS
_WORST = PAGE_SIZE + PAGE_SIZE // 16 + 64 + 3


class Lzo:
    """lzo1x_1_15, whose dictionary is of the kernel's size; python-lzo cannot select it."""

    kernel_name = "lzo"

    def __init__(self, name: str, _level: int) -> None:
        self.name = name
        try:
            library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise CodecError(f"lzo needs {_LIBRARY}: on Debian, apt-get install liblzo2-2") from error
        pointer, size = ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t)
        self._compress = library.lzo1x_1_15_compress
        self._compress.argtypes = (pointer, ctypes.c_size_t, pointer, size, pointer)
        self._decompress = library.lzo1x_decompress_safe
        self._decompress.argtypes = (pointer, ctypes.c_size_t, pointer, size, pointer)
        library.lzo_version_string.restype = ctypes.c_char_p
        self._version: str = library.lzo_version_string().decode()
        self._work = ctypes.create_string_buffer(_WORK_BYTES)
        self._out = ctypes.create_string_buffer(_WORST)
        self._size = ctypes.c_size_t()
        self._size_pointer = ctypes.pointer(self._size)

    def compress(self, page: bytes) -> bytes | None:
        """Return the LZO1X stream, or None if it would be longer than a page."""
        self._compress(page, PAGE_SIZE, self._out, self._size_pointer, self._work)
        length = self._size.value
        return ctypes.string_at(self._out, length) if length <= PAGE_SIZE else None

    def decompress(self, data: bytes) -> bytes:
        """Return the page of an LZO1X stream. Raises CodecError: not one."""
        self._size.value = PAGE_SIZE
        status = self._decompress(data, len(data), self._out, self._size_pointer, None)
        if status:
            raise CodecError(f"lzo: lzo1x_decompress_safe failed with {status}")
        return ctypes.string_at(self._out, self._size.value)

    def versions(self) -> dict[str, str]:
        """Return the version of liblzo2."""
        return {"liblzo2": self._version}

    def deviation(self) -> str | None:
        """Return None: liblzo2 has compressed to the same lengths since 2.0."""
        return None
