"""What pages contain: classes of content, recipes that mix them, and sources that make them."""
