"""`python -m tests.loadtests.aws.killed WHEN OPERATION TEXT WORD…`: run a command, and kill it before or after a call of AWS.

OPERATION is the call's name. TEXT is a part of its request. The process gets SIGKILL, so it cannot clean up.
"""

import os
import signal
import sys
from typing import Any

from botocore.client import BaseClient

from loadtests.__main__ import main


def install(when: str, operation: str, text: str) -> None:
    """Kill this process before or after its first call of the operation with the text in the request."""
    call = BaseClient._make_api_call

    def make_api_call(client: Any, name: str, request: Any) -> Any:
        is_last = name == operation and text in str(request)
        answer = None if is_last and when == "before" else call(client, name, request)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    BaseClient._make_api_call = make_api_call


if __name__ == "__main__":
    install(*sys.argv[1:4])
    sys.exit(main(sys.argv[4:]))
