"""A real Spark standalone cluster on this machine, from its PyPI package: a master and two workers.

`make spark` installs what it takes into an environment of its own. Elsewhere these tests are left out.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rapport.waiting import NeverCame, eventually

try:
    import pyspark
except ImportError:
    pyspark = None

collect_ignore_glob = [] if pyspark is not None and shutil.which("java") else ["test_*.py"]
DEADLINE_SECONDS = 180


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address. Processes are ended by their ids, workers first."""
    folder = tmp_path_factory.mktemp("spark")
    home = Path(pyspark.__file__).parent
    port, pages = _free_port(), _free_port()
    os.environ |= {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": (
            "--conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1"
            " --conf spark.executor.memory=512m --conf spark.driver.memory=512m --conf spark.ui.enabled=false"
            " --conf spark.sql.shuffle.partitions=2 --conf spark.default.parallelism=2 pyspark-shell"
        ),
    }
    program, address = str(home / "bin" / "spark-class"), f"spark://127.0.0.1:{port}"
    deploy = "org.apache.spark.deploy"
    commands = [
        [program, f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(pages)],
        *(
            [program, f"{deploy}.worker.Worker", "--cores", "1", "--memory", "768m", "--webui-port", "0",
             "--work-dir", str(folder / f"work{number}"), address]
            for number in range(2)
        ),
    ]  # fmt: skip
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number, command in enumerate(commands):
            log = (folder / f"{number}.log").open("wb")
            started.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
            if number == 0:
                _hear(started[0], folder / "0.log", "New state: ALIVE")
        for number in (1, 2):
            _hear(started[number], folder / f"{number}.log", "Successfully registered with master")
        yield address
        from pyspark.sql import SparkSession

        if session := SparkSession.getActiveSession():
            session.stop()
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _hear(process: subprocess.Popen[bytes], log: Path, words: str) -> None:
    def said() -> str:
        return log.read_text(errors="replace")

    try:
        eventually(lambda: words in said(), within=DEADLINE_SECONDS, for_what=f"“{words}” of Spark", process=process)
    except NeverCame as error:
        raise NeverCame(f"{error}\n{said()[-2000:]}") from None
