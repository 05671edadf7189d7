"""What calling the libraries of Windows and macOS has in common."""

from typing import Any


def typed(library: Any, name: str, call: str, result: Any, arguments: tuple[Any, ...]) -> Any:
    """A function of a library, with the types of its result and arguments.

    Raises:
        OSError: the library has no such function, for example on an older system.
    """
    try:
        found = getattr(library, call)
    except AttributeError as problem:
        raise OSError(f"{name} has no {call}") from problem
    found.restype, found.argtypes = result, list(arguments)
    return found
