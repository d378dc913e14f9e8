"""Tells an exception that came from outside from one that our own code raised.

A signal handler (the soft time limit of a task queue, `SIGALRM`) and another thread
(`PyThreadState_SetAsyncExc`) raise wherever the program happens to be, also in the middle of our
code. What they raise is the application's to catch, whatever its class.
"""

from __future__ import annotations

import signal
import sys
from functools import partial
from importlib.machinery import BuiltinImporter, ExtensionFileLoader
from opcode import opname
from types import CodeType, TracebackType
from typing import Any, Final

from langchain_otel.exception_fields import arguments_of, traceback_of

RAISING: Final = frozenset(("RAISE_VARARGS", "RERAISE"))
INTERRUPTIBLE: Final = frozenset(("RESUME", "JUMP_BACKWARD"))
"""Instructions that raise nothing of themselves, but let an exception from outside in."""


def is_asynchronous(error: BaseException) -> bool:
    """Whether a signal handler or another thread raised the exception that is being handled."""
    handlers = _codes_of_handlers()
    trace = last = traceback_of(error)
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace, last = trace.tb_next, trace
    return last is not None and _is_sent(error, last)


def let_through(error: Exception) -> None:
    """Raise an exception again that came from outside; where ours are caught without a word."""
    if is_asynchronous(error):
        raise error


def _is_sent(error: BaseException, last: TracebackType) -> bool:
    """Whether another thread raised it: from a class alone, and by no instruction."""
    code = last.tb_frame.f_code
    instruction = opname[code.co_code[last.tb_lasti]]
    if instruction in RAISING or arguments_of(error) or _is_compiled(code):
        return False
    # A function of C that has just returned lets one in, too. What such functions raise without
    # a word are exceptions that are themselves written in C: Python's own, and pydantic's.
    return instruction in INTERRUPTIBLE or not _is_written_in_c(type(error))


def _is_compiled(code: CodeType) -> bool:
    """Whether a frame only stands for a function of C in a traceback, as Cython's do.

    `PyCode_NewEmpty` makes their code: three instructions without a variable, the last raises.
    """
    return len(code.co_code) == 6 and not code.co_varnames and opname[code.co_code[4]] in RAISING


def _is_written_in_c(kind: type) -> bool:
    """Whether a class comes from the interpreter itself or from an extension module."""
    spec = getattr(sys.modules.get(str(kind.__module__)), "__spec__", None)
    loader = getattr(spec, "loader", None)
    return loader is BuiltinImporter or isinstance(loader, ExtensionFileLoader)


def _codes_of_handlers() -> set[CodeType]:
    handlers = (signal.getsignal(number) for number in signal.valid_signals())
    return {code for handler in handlers if (code := _code_of(handler)) is not None}


def _code_of(handler: Any) -> CodeType | None:
    """The code of a function or a method; of a `partial`, that of its function."""
    while isinstance(handler, partial):
        handler = handler.func
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return code if isinstance(code, CodeType) else None
