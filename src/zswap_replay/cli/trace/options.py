"""Options that the commands of ``zswap-replay trace`` share."""

from __future__ import annotations

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import force_option, output_option

trace_output = output_option("The trace to write.", metavar="TRACE", required=True)
trace_force = force_option("Overwrite the output if it is there.")
trace_argument = click.argument("trace", metavar="TRACE", shell_complete=completers.files)
strict = click.option("--strict", is_flag=True, help="An event may only name memcgs that memcg_create made.")
