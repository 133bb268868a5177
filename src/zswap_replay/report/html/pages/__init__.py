"""Pages: what is shown of results and of sweeps, as charts and tables that know nothing of HTML."""
