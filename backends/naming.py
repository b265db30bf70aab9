"""Names of a source, made legal and unique in generated code.

The grammar admits ASCII identifiers; what is left to do is to keep them off the words of Python and the attributes of
`torch.nn.Module`. This is the only way for text of a user into generated code.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

# Public attributes of torch.nn.Module; a test compares the list with torch.
MODULE_ATTRIBUTES = frozenset(
    "T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches "
    "eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu "
    "load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters "
    "register_backward_hook register_buffer register_forward_hook register_forward_pre_hook "
    "register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook "
    "register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook "
    "register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to to_empty "
    "train training type xpu zero_grad".split()
)
# What a generated module has of its own.
OWN_ATTRIBUTES = frozenset(
    "irreps_in irreps_out weight_numel spaces group arguments argument_kinds convention layout PLAN_SHA256 "
    "FUSIONC_VERSION self torch dtype device".split()
)
_RESERVED = (
    MODULE_ATTRIBUTES
    | OWN_ATTRIBUTES
    | frozenset(keyword.kwlist)
    | frozenset(name for name in dir(builtins) if not name.startswith("_"))
)


class Names:
    """Hands out names that are legal and that differ from all it has handed out before."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}  # the last one given to each stem

    def keep(self, name: str) -> str:
        """`name` where it is legal and free, else with trailing underscores."""
        found = legal(name)
        while found in self._taken:
            found += "_"
        self._taken.add(found)
        return found

    def fresh(self, stem: str) -> str:
        """`stem`, or `stem_2`, `stem_3`, ...: for what has no name of its own."""
        stem = legal(stem)
        found, number = stem, self._numbers.get(stem, 1)
        while found in self._taken:
            number += 1
            found = f"{stem.rstrip('_')}_{number}"
        self._taken.add(found)
        self._numbers[stem] = number
        return found


def legal(name: str) -> str:
    """A name that the grammar admits as an identifier of generated code. ValueError for anything else.

    Leading underscores are covered by an `x`: Python mangles some such names, and torch keeps its own among them.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"not a name: {ascii(name)}")
    if name.startswith("_"):
        name = f"x{name}"
    return f"{name}_" if name in _RESERVED else name


def class_name(name: str) -> str:
    """CamelCase: `mace_product` becomes `MaceProduct`. Different for names that differ in more than case and underscores."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"not a name: {ascii(name)}")
    words = [word for word in name.split("_") if word]
    camel = "".join(word[0].upper() + word[1:] for word in words) or "X"
    if camel[0].isdigit():
        camel = f"X{camel}"
    return f"{camel}_" if camel in _RESERVED else camel
