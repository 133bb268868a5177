"""The settings and the manifest of a report, in words and in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from zswap_replay.report.html.pages.content import Section, Table
from zswap_replay.report.html.text import plain
from zswap_replay.report.terminal.sections import knob_writes, settings
from zswap_replay.result.labels import kernel_title
from zswap_replay.result.manifest import digest_title
from zswap_replay.result.result import Result


def about(results: Sequence[Result]) -> Iterator[str]:
    """Yield lines about results of one trace: events, kernels, compressors, seed, digest and version."""
    manifest = results[0].manifest
    kernels = ", ".join(dict.fromkeys(kernel_title(result.manifest) for result in results))
    compressors = ", ".join(dict.fromkeys(str(r.manifest.settings["compressor"]) for r in results))
    yield plain(
        f"{manifest.trace['events']:,} events · kernel {kernels} · {compressors} · seed {manifest.seed}"
    )
    yield _made_by(manifest.trace, manifest.versions)


def about_trace(manifest: Mapping[str, object]) -> Iterator[str]:
    """Yield lines about the trace and the version of the program, as far as the manifest has them."""
    trace = manifest.get("trace")
    found = trace if isinstance(trace, Mapping) else {}
    events = found.get("events")
    if isinstance(events, int):
        yield f"{events:,} events"
    versions = manifest.get("versions")
    yield _made_by(found, versions if isinstance(versions, Mapping) else {})


def _made_by(trace: Mapping[str, object], versions: Mapping[str, object]) -> str:
    read = digest_title(trace) or "trace not read to its end"
    return plain(f"{read} · zswap-replay {versions.get('zswap_replay', '?')}")


def settings_table(labels: Sequence[str], results: Sequence[Result]) -> Table:
    """Tabulate the settings in effect; where the runs differ, the value of each."""
    rows = [(name, plain(value)) for name, value in settings(results)]
    rows += [("set", plain(write)) for write in knob_writes(results)]
    return Table("", ("setting", "value"), rows, text_columns=2)


def folded(table: Table, manifest: str) -> Iterator[Section]:
    """Yield the last sections of a page, the settings and the manifest, folded."""
    yield Section("Settings", tables=(table,), folded=True)
    yield Section("Manifest", text=plain_lines(manifest), folded=True)


def plain_lines(text: str) -> str:
    """Apply ``plain`` to each line of a text."""
    return "\n".join(plain(line) for line in text.split("\n"))
