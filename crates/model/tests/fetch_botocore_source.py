#!/usr/bin/env python3
"""Unpacks botocore's source package, which holds AWS's protocol and signature cases, and prints its folder.

    BOTOCORE_SOURCE=$(python3 crates/model/tests/fetch_botocore_source.py) cargo test -p model

The version is the one that the models come from. It is kept in the cache folder given as the argument, or in `.cache`.
"""

import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]


def main():
    cache = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".cache"
    version = re.search(r'"botocore": "([^"]+)"', (ROOT / "models" / "renew.py").read_text()).group(1)
    folder = cache / f"botocore-{version}"
    if not (folder / "tests").exists():
        fetch(version, cache)
    print(folder)


def fetch(version, cache):
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
        subprocess.run(
            [*pip, "--no-binary", ":all:", "--dest", work, f"botocore=={version}"], check=True, stdout=sys.stderr
        )
        (archive,) = pathlib.Path(work).glob("*.tar.gz")
        with tarfile.open(archive) as package:
            package.extractall(work)
        (pathlib.Path(work) / f"botocore-{version}").rename(cache / f"botocore-{version}")


if __name__ == "__main__":
    sys.exit(main())
