"""What the codecs use of the lz4 package."""

__version__: str

def library_version_string() -> str: ...
