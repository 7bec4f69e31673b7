"""Leaves torch's compiler out until something of it is wanted, for which it is then imported as ever.

torch and torchvision import `torch._dynamo` wherever they tell it what not to compile: torchvision as it is imported, an
optimizer in its first step. That takes as long as all else that is imported, and Thaw compiles nothing.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

PACKAGE = "torch._dynamo"
NAMES = (PACKAGE, f"{PACKAGE}.utils")


class _Later(ModuleType):
    """Stands for a module of the compiler. Nothing has been compiled as long as it stands."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and (name, self.__name__) != ("__path__", PACKAGE):
            raise AttributeError(name)  # the import system only looks whether it is there
        return getattr(_real(self.__name__), name)

    def graph_break(self, *_: Any) -> None:
        """Says to a compilation that is going on where to pause; without one it does nothing."""

    def disable(self, fn: Callable[..., Any] | None = None, recursive: bool = True, **options: Any) -> Any:
        """Mark a function as one not to compile, as soon as there is who would."""
        if fn is None:
            return functools.partial(self.disable, recursive=recursive, **options)
        marked = functools.cache(lambda: _real(PACKAGE).disable(fn, recursive, **options))

        @functools.wraps(fn)
        def called(*args: Any, **named: Any) -> Any:
            return (fn if isinstance(sys.modules.get(PACKAGE), _Later) else marked())(*args, **named)

        return called

    def is_compile_supported(self, kind: str) -> bool:
        """Whether a kind of device can compile; asked by who only wants the name, it stays out."""
        return bool(_real(self.__name__).is_compile_supported(kind))


def _real(name: str) -> ModuleType:
    for stand_in in NAMES:
        if isinstance(sys.modules.get(stand_in), _Later):
            del sys.modules[stand_in]
    return importlib.import_module(name)


def leave_out() -> None:
    """From now on, unless it is there already."""
    if PACKAGE not in sys.modules:
        sys.modules.update({name: _Later(name) for name in NAMES})
