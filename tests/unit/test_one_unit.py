"""What the C of the core's modules becomes where they are one unit, on C as Cython writes it."""

from __future__ import annotations

from tools.one_unit import HIDDEN, joined

TABLES = """
struct __pyx_vtabstruct_7package_3low_Base {
  int (*kept)(struct __pyx_obj_7package_3low_Base *, int);
  int (*changed)(struct __pyx_obj_7package_3low_Base *);
};
struct __pyx_vtabstruct_7package_3low_Sub {
  struct __pyx_vtabstruct_7package_3low_Base __pyx_base;
  void (*own)(struct __pyx_obj_7package_3low_Sub *);
};
"""
LOW = f"""{TABLES}
static int __pyx_f_7package_3low_4Base_kept(struct __pyx_obj_7package_3low_Base *, int);
static CYTHON_INLINE int __pyx_f_7package_3low_count(int);
static CYTHON_INLINE int __pyx_f_7package_3low_4Base_near(int);
static int __pyx_pf_7package_3low_wrapper(void);
  __pyx_vtable_7package_3low_Sub.__pyx_base.changed = (int (*)(void))__pyx_f_7package_3low_3Sub_changed;
"""
HIGH = f"""{TABLES}
static int (*__pyx_f_7package_3low_count)(int);
static int (*__pyx_f_5numpy_count)(int);
  a = ((struct __pyx_vtabstruct_7package_3low_Base *)__pyx_v_self->base->__pyx_vtab)->kept(__pyx_v_self->base, 1);
  b = ((struct __pyx_vtabstruct_7package_3low_Base *)__pyx_v_self->base->__pyx_vtab)->changed(__pyx_v_self->base);
  ((struct __pyx_vtabstruct_7package_3low_Sub *)((struct __pyx_obj_7package_3low_Sub *)__pyx_t_1)->__pyx_vtab)->own(0);
  c = __pyx_f_7package_3low_count(2);
  void (**const pointers[])(void) = {{(void (**)(void))&__pyx_f_7package_3low_count}};
"""


def test_what_a_table_or_a_pointer_gives_is_called_directly() -> None:
    high = joined({"package.low": LOW, "package.high": HIGH})["package.high"]
    assert "  a = __pyx_f_7package_3low_4Base_kept(__pyx_v_self->base, 1);" in high
    assert "  __pyx_f_7package_3low_3Sub_own(0);" in high
    assert (
        f"{HIDDEN} int __pyx_f_7package_3low_4Base_kept(struct __pyx_obj_7package_3low_Base *, int);" in high
    )
    assert f"{HIDDEN} int __pyx_f_7package_3low_count(int);" in high
    assert "  c = __pyx_f_7package_3low_count(2);" in high
    assert "(void (**)(void))&filled__pyx_f_7package_3low_count" in high


def test_a_method_that_a_subclass_overrides_and_a_foreign_function_stay_as_they_are() -> None:
    high = joined({"package.low": LOW, "package.high": HIGH})["package.high"]
    assert "->__pyx_vtab)->changed(__pyx_v_self->base)" in high
    assert "__pyx_f_7package_3low_4Base_changed" not in high
    assert "static int (*__pyx_f_5numpy_count)(int);" in high


def test_a_module_shows_what_others_use_of_its_functions_and_nothing_else() -> None:
    low = joined({"package.low": LOW, "package.high": HIGH})["package.low"]
    assert (
        f"{HIDDEN} int __pyx_f_7package_3low_4Base_kept(struct __pyx_obj_7package_3low_Base *, int);" in low
    )
    assert f"{HIDDEN} int __pyx_f_7package_3low_count(int);" in low
    assert "static int __pyx_pf_7package_3low_wrapper(void);" in low
    assert "static CYTHON_INLINE int __pyx_f_7package_3low_4Base_near(int);" in low


def test_what_notes_a_traceback_is_told_to_be_seldom_called() -> None:
    for name in ("__Pyx_AddTraceback", "__Pyx_WriteUnraisable"):
        noting = f"static void {name}(const char *function, int line);"
        text = joined({"package.low": LOW + noting, "package.high": HIGH})["package.low"]
        assert f"static __attribute__((cold, noinline)) void {name}(" in text
