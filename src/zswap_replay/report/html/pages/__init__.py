"""Pages: the contents of a report on results or on a sweep, as charts and tables that know nothing of HTML."""
