"""The real binary as the tests see it: a process with a data folder, reached over HTTP and by command lines."""

import contextlib
import ctypes
import dataclasses
import http.client
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time
import urllib.parse

import boto3
import botocore.config
from signing import sign

REGION = "us-east-1"
ROOT_ACCOUNT = "000000000000"

# Generous for a busy machine; `make bench` measures what a start really takes.
START_SECONDS = 20
STOP_SECONDS = 20

PR_SET_CHILD_SUBREAPER = 36

# What the tests themselves have running; every other child of this process is an orphan of a server.
_ours = set()


def binary():
    path = os.environ.get("NIEBLA_BIN")
    if not path or not pathlib.Path(path).is_file():
        raise RuntimeError("Set NIEBLA_BIN to the niebla binary that is to be tested.")
    return str(pathlib.Path(path).resolve())


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class Server:
    """One data folder, and at most one process that serves it. Restarts keep the address."""

    def __init__(self, data_dir, *flags, wrapper=(), env=None):
        self.data_dir = pathlib.Path(data_dir)
        self.flags = list(flags)
        self.wrapper = list(wrapper)
        self.extra_env = env or {}
        self.url = None
        self.process = None
        self.ready_line = None
        self._clients = {}

    # --- the process

    def start(self):
        listen = urllib.parse.urlsplit(self.url).netloc if self.url else "127.0.0.1:0"
        command = [*self.wrapper, binary(), "start", "--listen", listen, "--data-dir", str(self.data_dir), *self.flags]
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")
        with self.log_path.open("ab") as log:
            self.process = spawn(command, stdout=subprocess.PIPE, stderr=log, env=self._start_env())
        self.ready_line = self._read_ready_line()
        self.url = re.search(r"http://[\d.]+:\d+", self.ready_line).group()
        return self

    def stop(self):
        """SIGTERM, as an init system would; the process ends by itself, with status 0 and nothing left behind."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS)
        self._ended()
        assert status == 0, f"ended with status {status}: {self.log()}"

    def kill9(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self._ended()

    def restart(self):
        self.stop()
        return self.start()

    def log(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def _ended(self):
        _ours.discard(self.process.pid)
        self.process.stdout.close()
        left = wait_for_orphans()
        assert not left, f"left behind: {left}"

    def _read_ready_line(self):
        readable, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline().decode() if readable else ""
        if not re.search(r"http://[\d.]+:\d+", line):
            self.process.kill()
            self.process.wait()
            _ours.discard(self.process.pid)
            raise AssertionError(f"no line with an address within {START_SECONDS} s but {line!r}: {self.log()}")
        return line

    def _start_env(self):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("NIEBLA_", "AWS_"))}
        return {**inherited, **self.extra_env}

    # --- its callers

    def env(self, key="test", secret="test", region=REGION):
        """The environment of a tool that talks to this server."""
        unwanted = ("AWS_", "NIEBLA_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        return {
            **inherited,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NIEBLA_DATA_DIR": str(self.data_dir),
            "NIEBLA_LISTEN": urllib.parse.urlsplit(self.url).netloc,
            "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }

    def client(self, service, key="test", secret="test", token=None, region=REGION):
        """A boto3 client that never tries twice, so that a test sees each answer."""
        identity = (service, key, secret, token, region)
        if identity not in self._clients:
            self._clients[identity] = boto3.client(
                service,
                endpoint_url=self.url,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
                region_name=region,
                config=botocore.config.Config(
                    retries={"total_max_attempts": 1},
                    connect_timeout=5,
                    read_timeout=60,
                    inject_host_prefix=False,
                    max_pool_connections=20,
                ),
            )
        return self._clients[identity]

    def client_as(self, service, credentials, region=REGION):
        """A client with what AssumeRole returned as `Credentials`."""
        key, secret, token = (credentials[it] for it in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        return self.client(service, key, secret, token, region)

    def cli(self, *arguments, check=True, aws="aws", timeout=120, **env):
        """Runs the AWS CLI and returns the finished process, its output as text."""
        command = [aws, "--endpoint-url", self.url, *map(str, arguments)]
        done = subprocess.run(
            command, env=self.env(**env), capture_output=True, text=True, timeout=timeout, check=False
        )
        if check:
            assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done

    def niebla(self, *arguments, check=True, timeout=30):
        """Runs one of the binary's own subcommands against this server."""
        done = subprocess.run(
            [binary(), *map(str, arguments)],
            env=self.env(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"niebla {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}"
        return done

    def connect(self, timeout=60):
        address = urllib.parse.urlsplit(self.url)
        return http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)

    def http(self, method, path, body=b"", headers=None, timeout=60):
        """One request exactly as given: no signature, no retry."""
        with contextlib.closing(self.connect(timeout)) as connection:
            return exchange(connection, method, path, body, headers or {})

    def signed(self, method, path, body, headers, service, *, key="test", secret="test", token=None, at=None):
        """One request by hand with a signature over its host, its date and the given headers."""
        headers = {"Host": urllib.parse.urlsplit(self.url).netloc, **headers}
        headers = sign(
            method, path, body, headers, service=service, region=REGION, key=key, secret=secret, token=token, at=at
        )
        return self.http(method, path, body, headers)


def exchange(connection, method, path, body, headers):
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def spawn(command, **options):
    """Like subprocess.Popen, for children that outlive the call: they are not taken for a server's orphans."""
    process = subprocess.Popen(command, **options)
    _ours.add(process.pid)
    return process


# --- Nothing left behind
# This process adopts whatever a server that died leaves behind (a Linux "child subreaper"), so an orphan
# cannot hide under process 1.


def adopt_orphans():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_for_orphans(seconds=3.0):
    """Returns the command lines of orphans that still live after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        orphans = _orphans()
        if not orphans or time.monotonic() > deadline:
            return orphans
        time.sleep(0.02)


def _orphans():
    """The living adopted processes; the dead ones are laid to rest on the way."""
    living = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in _ours:
            continue
        with contextlib.suppress(OSError, IndexError):
            state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            if int(parent) != os.getpid():
                continue
            if state == "Z":
                os.waitpid(int(entry.name), os.WNOHANG)
            else:
                living[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return living


def descendants(pid):
    """Every process under `pid`, as a set of process ids."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found, frontier = set(), {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def eventually(probe, seconds=20, every=0.1):
    """Calls `probe` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} seconds; the last answer was {found!r}"
        time.sleep(every)
