"""Start and stop the process of the local AWS, together with its function workers."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

# An environment of its own, with the packages of the AWS runtime only: functions run in it and see its packages.
ENVIRONMENT = Path(__file__).parents[2] / ".venv-aws"
INTERPRETER = ENVIRONMENT / "bin" / "python"
LIBRARIES = (
    ENVIRONMENT / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
)  # of the version that the zips are built for
GATEWAY = Path(__file__).with_name("emulator_gateway.py")
STOP_SECONDS = 10
CONCURRENCY = 48  # of all functions: without a limit a burst starts a process per request

# Linux kills the emulator when its parent dies. On other systems the parent must stop it.
LAUNCH = """
import os, runpy, signal, sys
parent, gateway, sys.argv = int(sys.argv[1]), sys.argv[2], ["ministack"]
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() != parent:
    sys.exit("the parent process has ended")
runpy.run_path(gateway)["install"]()
runpy.run_module("ministack", run_name="__main__")
"""


def start(scratch: Path, port: int, *, region: str, log: Path) -> subprocess.Popen[bytes]:
    """Start a local AWS on the port. It unpacks functions below `scratch` and writes to `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [INTERPRETER, "-c", LAUNCH, str(os.getpid()), str(GATEWAY)],
            env=_environment(scratch, port, region),
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a process group, so that it ends together with its function workers
        )


def _environment(scratch: Path, port: int, region: str) -> dict[str, str]:
    """Return the environment of the emulator and the functions. Only the search path is inherited."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "DOCKER_HOST": "unix:///no-docker",  # else the emulator looks in Docker for containers to remove
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENCY),
    }


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate the process, then kill all remaining processes of its group."""
    _signal_group(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)  # its function workers too
    process.wait()


def _signal_group(pid: int, kind: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, kind)
