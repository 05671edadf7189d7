"""Programs of the system that are asked what it knows; nothing else is started."""

import asyncio
import contextlib
import shutil

_TIMEOUT_S = 2.0
_LARGEST = 1 << 20


async def output_of(program: str, *arguments: str) -> str:
    """What a local program prints, up to 1 MiB; empty where it is missing, fails, or takes longer than 2 s."""
    path = shutil.which(program)
    if path is None:
        return ""
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return output[:_LARGEST].decode(errors="backslashreplace")
