"""Renderers for people at a terminal: tables and lines of text."""
