"""What a program that imports the package sees: names, results as mappings and tables, and types."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import is_dataclass, replace
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mypy import api as mypy

import zswap_replay as zr
from tests.factories import make_result, make_snapshot
from tests.paths import ROOT
from zswap_replay.report.machine import timeline
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.labels import compressor_of

STORY = ROOT / "traces" / "story.parquet"


# Names


def test_every_name_of_the_api_is_there() -> None:
    assert [] == [name for name in zr.__all__ if not hasattr(zr, name)]
    assert set(zr.__all__) <= set(dir(zr))
    assert is_dataclass(zr.Result)
    assert [] == [name for name in zr.__all__ if name.endswith("Error") and not _is_ours(getattr(zr, name))]


def _is_ours(error: object) -> bool:
    return isinstance(error, type) and issubclass(error, zr.ZswapReplayError)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'rerun'"):
        zr.rerun  # noqa: B018


def test_replay_stays_the_function_whatever_is_imported_after_it() -> None:
    script = "import zswap_replay, zswap_replay.replay.loop, zswap_replay as zr; assert zr.replay.__name__ == 'replay'"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = (
        "import sys, zswap_replay as zr; zr.ZswapReplayError; dir(zr)\n"
        "print({'numpy', 'pyarrow', 'pandas', 'click', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, timeout=60, capture_output=True)
    assert b"set()\n" == done.stdout


# Counters


def test_counters_are_the_end_under_flat_names() -> None:
    result = make_result(snapshots=(make_snapshot("first", 1), make_snapshot()))
    end = result.end
    assert 3000 == result.counters["stored_pages"]
    assert 99 == result.counters["replay.memcg_limit_reject"]
    assert len(end.zswap) + len(end.vmstat) + len(end.replay) == len(result.counters)
    assert end.zswap.items() | end.vmstat.items() <= result.counters.items()


def test_a_memcg_has_the_kernels_counters_and_ours() -> None:
    web = make_result().memcg["/web"]
    assert make_snapshot().memcg["/web"].items() <= web.items()
    assert web["replay.accesses"] == make_snapshot().replay_memcg["/web"]["accesses"]
    assert ["/", "/web", "/web/worker", "/batch"] == list(make_result().memcg)
    assert 4 == len(make_result().memcg)
    assert "<memcgs /, /web, /web/worker, /batch>" == repr(make_result().memcg)


def test_no_two_counters_have_one_flat_name() -> None:
    assert set() == COUNTERS["zswap"].keys() & COUNTERS["vmstat"].keys()
    assert [] == [name for table in COUNTERS.values() for name in table if name.startswith("replay.")]


def test_counters_go_where_a_dict_goes() -> None:
    counters = make_result().counters
    assert counters == json.loads(json.dumps(counters))
    assert counters == pickle.loads(pickle.dumps(counters))
    assert 3000 == pd.Series(counters)["stored_pages"]
    assert counters.get("no such") is None
    assert "no such" not in counters


def test_a_counter_that_is_not_there_is_named_with_those_that_are_near() -> None:
    with pytest.raises(KeyError, match=r"snapshot 'end' has no counter 'zswapout'; did you mean zswpout"):
        make_result().counters["zswapout"]
    with pytest.raises(
        KeyError, match=r"memcg /web has no counter 'qqq'; there are memory.current, .* and 9 more"
    ):
        make_result().memcg["/web"]["qqq"]


def test_a_memcg_that_is_not_there_is_named_with_those_that_are() -> None:
    result = make_result()
    with pytest.raises(
        KeyError, match=r"no memcg '/wbe' .*; did you mean /web\? there are /, /web, /web/worker"
    ):
        result.memcg["/wbe"]
    many = replace(result.end, memcg={f"/{place}": {} for place in range(50)})
    with pytest.raises(KeyError, match=r"no memcg '/qqq' .*; there are /0, .* /19 and 30 more"):
        replace(result, snapshots=(many,)).memcg["/qqq"]


# Tables


def test_the_tables_are_the_timeline(tmp_path: Path) -> None:
    result = make_result(snapshots=(make_snapshot("first", 1), make_snapshot()))
    timeline.write(tmp_path / "t.parquet", [result])
    table = result.to_arrow()
    assert pq.read_table(tmp_path / "t.parquet").equals(table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), result.to_pandas())


def test_integers_stay_exact() -> None:
    end = make_snapshot()
    end.vmstat["zswpout"] = (1 << 63) - 1
    result = make_result(snapshots=(replace(end, time_ns=(1 << 64) - 1),))
    assert [pa.uint64(), pa.int64()] == [result.to_arrow().schema.field(n).type for n in ("time_ns", "value")]
    frame = result.to_pandas()
    assert ["uint64", "int64"] == [str(frame[name].dtype) for name in ("time_ns", "value")]
    row = frame[(frame.group == "vmstat") & (frame.counter == "zswpout")].iloc[0]
    assert ((1 << 63) - 1, (1 << 64) - 1) == (int(row["value"]), int(row["time_ns"]))


def test_a_result_without_snapshots_is_an_empty_table() -> None:
    empty = replace(make_result(), snapshots=())
    assert (0, make_result().to_arrow().schema) == (empty.to_arrow().num_rows, empty.to_arrow().schema)


def test_without_pandas_the_package_to_install_is_named() -> None:
    script = dedent("""
        import sys

        class Without:
            def find_spec(self, name, path=None, target=None):
                if name == "pandas":
                    raise ModuleNotFoundError(name)

        sys.meta_path.insert(0, Without())
        from tests.factories import make_result
        make_result().to_arrow()
        try:
            make_result().to_pandas()
        except ImportError as error:
            print(type(error).__name__, error)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=60, capture_output=True, text=True, cwd=ROOT
    )
    assert "MissingPackageError to_pandas() needs pandas: pip install 'zswap-replay[pandas]'\n" == done.stdout


# replay()


def test_keywords_and_settings_say_the_same() -> None:
    by_keyword = zr.replay(STORY, compressor="lz4", totalram="32M", set={"/web": {"memory.zswap.max": "64K"}})
    settings = zr.Settings(
        compressor="lz4",
        totalram=32 << 20,
        knobs=(zr.KnobWrite("/web", "memory.zswap.max", 64 << 10),),
        fixed=frozenset({"compressor"}),
    )
    assert zr.replay(str(STORY), settings).as_json(timing=False) == by_keyword.as_json(timing=False)
    assert "lz4" == compressor_of(by_keyword)


def test_an_interval_is_a_time_or_nanoseconds() -> None:
    spelled = zr.replay(STORY, interval="20s")
    assert zr.replay(STORY, interval_ns=20 * 10**9).snapshots == spelled.snapshots
    assert "interval 3" in [snapshot.label for snapshot in spelled.snapshots]
    with pytest.raises(zr.SettingsError, match="interval '1s' and interval_ns 5: expected one"):
        zr.replay(STORY, interval="1s", interval_ns=5)
    with pytest.raises(zr.SettingsError, match="'soon' is not a duration"):
        zr.replay(STORY, interval="soon")


def test_an_unknown_keyword_is_found_before_the_trace_is_opened() -> None:
    with pytest.raises(TypeError, match="'max_pool_percnt'; did you mean 'max_pool_percent'"):
        zr.replay("no/such/trace", max_pool_percnt=10)  # type: ignore[call-arg]


# Types


def test_a_users_program_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        dedent("""
            import zswap_replay as zr

            r = zr.replay("t.parquet", compressor="zstd", totalram="64M", set={"/web": {"memory.max": 4096}})
            reveal_type(r)
            reveal_type(r.counters["zswpout"])
            reveal_type(r.memcg["/web"])
            reveal_type(r.to_pandas())
            reveal_type(zr.read_results("r.json"))
            options: zr.SettingsOptions = {"kernel": "6.12", "max_pool_percent": 10}
            zr.replay("t.parquet", **options)
            zr.replay("t.parquet", zr.Settings(seed=1), interval="1s")
            zr.replay("t.parquet", compresor="zstd")
            zr.replay("t.parquet", max_pool_percent="10")
            zr.replay("t.parquet", zr.Settings(sed=1))
        """)
    )
    monkeypatch.setenv("MYPYPATH", str(Path(zr.__file__).parents[1]))
    monkeypatch.chdir(
        ROOT
    )  # with the project's options, and what `make types` has found: a second, not a quarter minute
    out, err, _ = mypy.run(["--no-error-summary", "--hide-error-context", str(program)])
    assert "" == err
    lines = [line.rpartition("program.py:")[2] for line in out.splitlines() if " defined in " not in line]
    assert [
        '5: note: Revealed type is "zswap_replay.result.result.Result"',
        '6: note: Revealed type is "int"',
        '7: note: Revealed type is "typing.Mapping[str, int]"',
        '8: note: Revealed type is "pandas.core.frame.DataFrame"',
        '9: note: Revealed type is "tuple[zswap_replay.result.result.Result, ...]"',
        '13: error: Unexpected keyword argument "compresor" for "replay"; did you mean "compressor"?  [call-arg]',
        '14: error: Argument "max_pool_percent" to "replay" has incompatible type "str"; expected "int"  [arg-type]',
        '15: error: Unexpected keyword argument "sed" for "Settings"; did you mean "seed"?  [call-arg]',
    ] == lines
