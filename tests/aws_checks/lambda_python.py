"""Import every function's zip under the Python of AWS, with the packages of the Lambda runtime only.

python -m tests.aws_checks.lambda_python FOLDER    install the libraries of the zips for that Python, from the lock
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from microservices.deploy import aws_libraries, packages, templates
from microservices.deploy.contents import Source
from microservices.deploy.emulator_process import LIBRARIES
from microservices.deploy.imports import RUNTIME_LIBRARIES
from microservices.deploy.modules import Places

# Import boto3 once, then each zip in a process of its own. The arguments: the runtime's packages, then handler=folder=variables.
IMPORT_ALL = """
import os, sys, traceback
runtime, *functions = sys.argv[1:]
sys.path.append(runtime)
import boto3.session, botocore.config
for each in functions:
    handler, folder, variables = each.split("=", 2)
    if not os.fork():
        try:
            sys.path.insert(0, folder)
            os.environ.update((name, "https://anything") for name in variables.split(","))
            assert __import__(handler, fromlist=["lambda_handler"]).lambda_handler
            status = 0
        except BaseException as error:
            print(f"{handler}: {type(error).__name__}: {error}", flush=True)
            status = 1
        os._exit(status)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""


def install(folder: Path) -> None:
    """Install the libraries of the zips for this machine's Python of AWS, if it has one."""
    if interpreter := aws_libraries.interpreter():
        lock = packages.PROJECT / "requirements.lock"
        aws_libraries.install_here(interpreter, packages.needed_distributions(), lock=lock, target=folder)
    else:
        folder.mkdir(exist_ok=True)


def failures(libraries: Path) -> list[str] | None:
    """Return a line for each zip that cannot be imported. Return None without a Python of AWS."""
    interpreter = aws_libraries.interpreter()
    if interpreter is None or not any(libraries.iterdir()):
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = packages.build(folder / "zips", Source(Places(packages.PROJECT, libraries), None))
        functions = [_unpack(each, folder / each.function) for each in built]
        run = subprocess.run(
            [interpreter, "-I", "-S", "-c", IMPORT_ALL, str(_runtime(folder / "runtime")), *functions],
            env={"PATH": os.defpath, "AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "function"},
            check=False,
            capture_output=True,
            encoding="utf-8",
        )
    return [*run.stdout.splitlines(), *run.stderr.splitlines()]


def _unpack(package: packages.Package, folder: Path) -> str:
    """Unpack a zip. Return its handler, the folder and the names of its variables, as IMPORT_ALL reads them."""
    with zipfile.ZipFile(package.zip) as archive:
        archive.extractall(folder)
    variables = {"AWS_LAMBDA_FUNCTION_NAME"}
    for each in templates.resources(package.service, "AWS::Serverless::Function").values():
        if templates.name_in_stage(each["FunctionName"]) == package.function:
            variables |= each.get("Environment", {}).get("Variables", {}).keys()
    return f"{packages.handlers()[package.function]}={folder}={','.join(sorted(variables))}"


def _runtime(folder: Path) -> Path:
    """Return a folder with the packages of the Lambda runtime only."""
    folder.mkdir()
    for package in LIBRARIES.joinpath("site-packages").iterdir():
        if package.stem in RUNTIME_LIBRARIES:
            folder.joinpath(package.name).symlink_to(package)
    return folder


if __name__ == "__main__":
    install(Path(sys.argv[1]))
