"""What is used of cython's shadow module: C types. Integers are Python's int when interpreted."""

import builtins
from contextlib import AbstractContextManager
from typing import Any, Final, TypeAlias, TypeVar

bint: TypeAlias = builtins.bool
uchar: TypeAlias = builtins.int
int: TypeAlias = builtins.int
uint: TypeAlias = builtins.int
longlong: TypeAlias = builtins.int
ulonglong: TypeAlias = builtins.int
Py_ssize_t: TypeAlias = builtins.int
p_char: TypeAlias = Any
p_uchar: TypeAlias = Any
compiled: Final[builtins.bool]
nogil: Final[AbstractContextManager[None]]

_T = TypeVar("_T")

def declare(type_: type[builtins.int], value: builtins.int) -> builtins.int: ...
def address(item: object) -> Any: ...
def cast(type_: type[_T], value: _T) -> _T: ...
