"""Compressors with the kernel's lengths, lengths known beforehand, and the contents that the model keeps."""
