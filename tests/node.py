"""Programs in JavaScript, with the packages of `tests/node/package.json`, which npm fetches once into the cache."""

import hashlib
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tests" / "node"
FETCH_SECONDS = 300


def folder():
    """The folder with `node_modules`; raises OSError or CalledProcessError where they cannot be had."""
    manifest = SOURCES / "package.json"
    stamp = hashlib.sha256(manifest.read_bytes()).hexdigest()
    cache = pathlib.Path(os.environ.get("NIEBLA_CACHE") or ROOT / ".cache").resolve() / "npm"
    done = cache / "done"
    if not (done.exists() and done.read_text() == stamp):
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)
        shutil.copy(manifest, cache)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=cache, check=True, capture_output=True, text=True, timeout=FETCH_SECONDS)
        done.write_text(stamp)
    return cache


def run(home, script, *arguments, env, timeout=60):
    """Runs `tests/node/SCRIPT` where it finds the packages, and returns what it prints."""
    # A module is looked for beside the file that imports it.
    program = home / script
    shutil.copy(SOURCES / script, program)
    done = subprocess.run(
        ["node", program, *map(str, arguments)], env=env, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout
