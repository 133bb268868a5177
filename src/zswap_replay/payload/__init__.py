"""The bytes of pages: classes of content, recipes that mix them, and sources that make pages."""
