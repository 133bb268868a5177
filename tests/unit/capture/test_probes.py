"""Probes are made of the kernel's own types: offsets, places of arguments and names of functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fake_kernel import FUNCTIONS, BtfWriter, FakeHost, btf, plant
from zswap_replay.capture.btf import Btf, Parameter
from zswap_replay.capture.checks import check_host
from zswap_replay.capture.probes import PROBES, TRACEPOINTS, Probe, choose_probes
from zswap_replay.capture.script import printed
from zswap_replay.errors import SettingsError
from zswap_replay.trace.capture.text import _REQUIRED, PROBED

LATER = [
    {"zpool_malloc": "zs_malloc", "swap_writepage": "swap_writeout"}.get(name, name)
    for name in (*FUNCTIONS, "crypto_acomp_compress")
    if name != "zswap_writeback_entry"
]


def chosen(*, later: bool = False, functions: list[str] | None = None) -> dict[str, Probe]:
    found, _ = choose_probes(
        Btf(btf(later=later), "BTF"), functions or (LATER if later else FUNCTIONS), lambda symbol: True
    )
    return {probe.event: probe for probe in found}


def test_offsets_and_arguments_are_those_of_the_types() -> None:
    made = {event: probe.definition() for event, probe in chosen().items()}
    cg = "cg=+104(+264(+40(+64($arg1)))):u64"
    where = "swp=+48($arg1):x64 map=+32($arg1):x64 idx=+40($arg1):u64"
    assert {
        "store_in": "f:zr/store_in zswap_store swp=+48($arg1):x64",
        "store": f"f128:zr/store zswap_store%return {where} fl=+0($arg1):x64 ord=+72($arg1):u8 {cg} ret=$retval:u8",
        "len": "f:zr/len zpool_malloc size=$arg3:u32",
        "comp": "f128:zr/comp scomp_acomp_compress%return ret=$retval:s32",
        "load": f"f128:zr/load zswap_load%return swp=+48($arg1):x64 fl=+0($arg1):x64 {cg} ret=$retval:u8",
        "inval": "f:zr/inval zswap_invalidate swp=$arg1:x64",
        "wb": "f128:zr/wb zswap_writeback_entry%return ret=$retval:s32",
        "look": "f:zr/look shrink_memcg_cb swp=-48($arg1):x64 len=-40($arg1):u32 ref=-36($arg1):u8",
        "shrink": "f128:zr/shrink shrink_memcg%return cg=+104(+264(+40($arg1))):u64 ret=$retval:s32",
        "worker_in": "f:zr/worker_in shrink_worker",
        "worker_out": "f128:zr/worker_out shrink_worker%return",
        "wpage": f"f128:zr/wpage swap_writepage%return {where} {cg} ret=$retval:s32",
        "rpage": f"f:zr/rpage swap_read_folio swp=+48($arg1):x64 {cg}",
        "disk": "f:zr/disk __swap_writepage swp=+48($arg1):x64",
        "decomp": "f:zr/decomp zswap_decompress len=+8($arg1):u32",
        "knob": "f:zr/knob cgroup_file_write cg=+104(+16(+8($arg1))):u64 file=+0(+24(+8($arg1))):string "
        "value=+0($arg2):string",
        "param": "f:zr/param param_attr_store mod=+0(+16($arg2)):string name=+0(+8($arg1)):string "
        "value=+0($arg3):string",
    } == made
    assert {row.event for row in PROBES} - {"store_in"} <= PROBED


def test_later_kernels_have_other_functions() -> None:
    made = chosen(later=True)
    assert "f:zr/len zs_malloc size=$arg2:u32" == made["len"].definition()
    assert "crypto_acomp_compress" == made["comp"].symbol
    assert "swap_writeout" == made["wpage"].symbol
    assert made["load"].definition().endswith(" err=$retval:s32")
    assert "+104(+16(+8($arg1)))" in made["knob"].definition()
    assert "wb" not in made


def test_a_page_may_point_to_an_object_cgroup() -> None:
    found, _ = choose_probes(Btf(btf(later=True, objects=True), "BTF"), LATER, lambda symbol: True)
    made = {probe.event: probe.definition() for probe in found}
    assert "cg=+104(+264(+40(+88(+64($arg1))))):u64" in made["store"]
    assert "cg=+104(+264(+40($arg1))):u64" in made["shrink"]


def test_kprobes_take_the_place_of_fprobes_by_function() -> None:
    found, _ = choose_probes(Btf(btf(), "BTF"), FUNCTIONS, lambda symbol: symbol != "zswap_store")
    made = {probe.event: probe.definition().split(" ")[:2] for probe in found}
    assert ["r128:zr/store", "zswap_store"] == made["store"]
    assert ["p:zr/store_in", "zswap_store"] == made["store_in"]
    assert ["f128:zr/load", "zswap_load%return"] == made["load"]


def test_half_of_the_schedule_of_the_worker_is_not_taken_for_all() -> None:
    found, missing = choose_probes(
        Btf(btf(), "BTF"), [name for name in FUNCTIONS if name != "shrink_memcg"], lambda symbol: True
    )
    assert not {"worker_in", "worker_out", "shrink"} & {probe.event for probe in found}
    assert {
        "shrink": "no function shrink_memcg",
        "worker_in": "of no use without shrink",
        "worker_out": "of no use without shrink",
    } == {each.event: each.why for each in missing}
    assert not any(each.needed for each in missing)


def test_a_function_without_a_prototype_is_missing() -> None:
    bare = BtfWriter()
    bare.function("zswap_store", bare.integer("int", 4))
    _, missing = choose_probes(Btf(bare.data(), "BTF"), FUNCTIONS, lambda symbol: True)
    told = {each.event: each.why for each in missing}
    assert "zswap_store(): takes no struct folio * or struct page *" == told["store"]
    assert "BTF has no swap_writepage()" == told["wpage"]


@pytest.mark.parametrize("order", ["<", ">"])
def test_members_without_names_and_bit_fields_are_looked_through(order: str) -> None:
    made = BtfWriter(order)
    number = made.integer("int", 4)
    inner = made.struct("", [("low", number, 4)], bits=True)
    named = made.typedef("pair_t", made.struct("pair", [("left", number, 0), ("right", number, 8)]))
    outer = made.struct("outer", [("", inner, 16), ("both", made.const(named), 32)])
    made.function("look", made.const(number), [("at", made.pointer(made.const(outer))), ("pair", named)])
    types = Btf(made.data(), "BTF")
    assert (20, 40, 40) == (
        types.offset("outer", "low"),
        types.offset("outer", "both.right"),
        types.offset("outer", "gone", "both.right"),
    )
    assert (None, None, None) == (
        types.offset("outer", "gone"),
        types.offset("outer", "low.more"),
        types.offset("gone", "low"),
    )
    found = types.function("look")
    assert found is not None
    assert "int" == found.returns
    assert (Parameter("at", "struct outer *"), Parameter("pair", "pair_t", by_value=True)) == found.parameters
    assert types.function("gone") is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "found nothing; expected BTF"),
        (b"\x7fELF" + bytes(60), "found 7f454c46; expected BTF"),
        (btf()[:200], "found 200 bytes; expected"),
        (btf()[:24] + b"\0\0\0\0\0\0\0\x1f" + btf()[32:], "found a type of the kind 31; expected 1 to 19"),
    ],
)
def test_what_is_no_btf_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Btf(data, "BTF")


def test_all_that_is_missing_is_named(tmp_path: Path) -> None:
    root = plant(
        tmp_path, functions=[name for name in FUNCTIONS if name not in ("zswap_store", "__swap_writepage")]
    )
    (root / "sys/kernel/tracing/events/cgroup/cgroup_rmdir/enable").unlink()
    (root / "sys/kernel/tracing/events/cgroup/cgroup_rmdir").rmdir()
    checked = check_host(FakeHost(root))
    assert not checked.complete
    with pytest.raises(SettingsError) as caught:
        checked.demand()
    assert (
        "cannot capture here: missing the event store (no function zswap_store); "
        "the event cgroup_rmdir (no such event in the group cgroup)" == str(caught.value)
    )
    assert {"store_in", "disk", "worker_in", "worker_out", "cgroup_attach_task"} == {
        each.event for each in checked.missing if not each.needed
    }


def test_a_kernel_without_anything_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        check_host(FakeHost(tmp_path)).demand()
    for word in ("tracefs", "zswap", "/proc/kallsyms", "/sys/kernel/btf/vmlinux"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("sys/kernel/tracing/README", "nothing\n", "missing fprobe or kprobe events"),
        ("proc/swaps", "Filename\n", "no swap device"),
        ("sys/module/zswap/parameters/enabled", "N\n", "zswap is off"),
        ("sys/fs/cgroup/cgroup.controllers", "cpu\n", "no memory controller"),
    ],
)
def test_what_else_is_amiss_is_told(tmp_path: Path, file: str, text: str, told: str) -> None:
    root = plant(tmp_path)
    (root / file).write_text(text, encoding="utf-8")
    checked = check_host(FakeHost(root))
    assert told in " ".join([*(f"missing {each}" for each in checked.lacking), *checked.notes])
    assert checked.complete == ("README" not in file)


def test_a_kernel_without_fprobes_has_kprobes(tmp_path: Path) -> None:
    root = plant(tmp_path)
    (root / "sys/kernel/tracing/README").write_text(
        "\tp[:[<group>/][<event>]] <place> [<args>]\n", encoding="utf-8"
    )
    assert not any(probe.fprobe for probe in check_host(FakeHost(root)).probes)
    assert all(probe.fprobe for probe in check_host(FakeHost(root), kind="fprobe").probes)


def test_a_script_needs_no_tracefs_and_another_kernels_types_will_do(tmp_path: Path) -> None:
    root = plant(tmp_path / "host")
    for path in sorted((root / "sys/kernel/tracing").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (root / "sys/kernel/btf/vmlinux").unlink()
    copy = tmp_path / "vmlinux.btf"
    copy.write_bytes(btf())
    with pytest.raises(SettingsError, match="--btf"):
        printed(FakeHost(root), "all")
    text = printed(FakeHost(root), "all", btf=copy)
    for probe in chosen().values():
        assert f"\n{probe.definition()}\n" in text
    assert printed(FakeHost(root), "bt", btf=copy) in text
    assert "bpftrace" not in printed(FakeHost(root), "shell", btf=copy)
    with pytest.raises(SettingsError, match="gone: cannot be read"):
        printed(FakeHost(root), "all", btf="gone")


def test_bpftrace_reads_what_the_tracer_reads(tmp_path: Path) -> None:
    lines = printed(FakeHost(plant(tmp_path)), "bt").splitlines()
    folio = "(uint64)args->folio"
    cg = f"*(uint64 *)(*(uint64 *)(*(uint64 *)(*(uint64 *)({folio} + 64) + 40) + 264) + 104)"
    assert (
        f'kfunc:swap_read_folio {{ printf("%llu %d rpage swp=0x%llx cg=%llu\\n", nsecs, tid, '
        f"*(uint64 *)({folio} + 48), {cg}); }}" in lines
    )
    assert (
        'kprobe:zswap_invalidate { printf("%llu %d inval swp=0x%llx\\n", nsecs, tid, (uint64)arg0); }'
        in lines
    )
    assert (
        'kretprobe:zswap_writeback_entry { printf("%llu %d wb ret=%d\\n", nsecs, tid, (int32)retval); }'
        in lines
    )
    assert 'kfunc:shrink_worker { printf("%llu %d worker_in\\n", nsecs, tid); }' in lines
    (knob,) = (line for line in lines if line.startswith("kfunc:cgroup_file_write"))
    assert "str(*(uint64 *)(*(uint64 *)((uint64)args->of + 8) + 24)), str((uint64)args->buf)" in knob
    (look,) = (line for line in lines if " look " in line)
    assert "*(uint8 *)((uint64)args->item - 36)" in look


def test_both_scripts_tell_the_same_fields_of_the_same_events(tmp_path: Path) -> None:
    host = FakeHost(plant(tmp_path))
    told = {}
    for line in printed(host, "bt").splitlines():
        form = re.search(r'printf\("%llu %d (\w+)((?: \w+=\S+)*)\\n"', line)
        if form is not None:
            told[form[1]] = re.findall(r" (\w+)=", form[2])
    probes = {probe.event: [each.name for each in probe.fetches] for probe in check_host(host).probes}
    assert probes == {event: fields for event, fields in told.items() if event not in TRACEPOINTS}
    assert set(TRACEPOINTS) <= set(told)
    for event, fields in told.items():
        assert set(_REQUIRED.get(event, ())) <= set(fields)
