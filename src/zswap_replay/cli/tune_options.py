"""What ``tune`` varies, read from ``--vary NAME=VALUES``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zswap_replay.cli.options import settings_fields
from zswap_replay.cli.sweep_options import Given, knob_values, setting_values

if TYPE_CHECKING:
    from zswap_replay.tune.space import Axis

_DOTS = ".."


def axis(text: str) -> Axis:
    """Make the axis of ``compressor=zstd,lz4``, ``max_pool_percent=5..50`` or ``/web:memory.zswap.max=0.1ws..1ws``.

    Raises click.BadParameter, SettingsError: it is none.
    """
    from zswap_replay.tune.space import make_choices, make_range

    target, equals, given = text.rpartition("=")
    name = target if target.startswith("/") else target.strip().replace("-", "_")
    if not equals or not name or not given.strip():
        raise click.BadParameter(
            f"{text!r}: expected NAME=VALUE,VALUE or NAME=FROM..TO, as max_pool_percent=5..50"
        )
    ends = given.split(_DOTS) if _DOTS in given and "," not in given and "/" not in given else []
    if not ends:
        found = _values(name, given)
        return make_choices(name, tuple(each for each, _ in found), tuple(value for _, value in found))
    if len(ends) != 2 or not all(end.strip() for end in ends) or "..." in given:
        raise click.BadParameter(f"{text!r}: expected one number on each side of the dots, as 5..50")
    (_, low), (_, high) = (_values(name, end.strip())[0] for end in ends)
    return make_range(name, given.strip(), low, high)


def _values(name: str, given: str) -> Given:
    """Return the values between commas, each as it was written and what it stands for."""
    if name.startswith("/"):
        return list(knob_values(f"{name}={given}")[1])
    for field in settings_fields():
        if field.name == name:
            try:
                return list(setting_values(field)(given))
            except click.BadParameter as error:
                raise click.BadParameter(f"{name}={given}: {error.message}") from None
    from zswap_replay.result.by_name import near

    known = near(name, [field.name for field in settings_fields()], most=1, cutoff=0)
    raise click.BadParameter(
        f"{name}={given}: found no such setting; expected one, as {' or '.join(known)}, or a memcg's knob, as "
        "/web:memory.zswap.max"
    )
