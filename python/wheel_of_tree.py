# SPDX-License-Identifier: BSD-3-Clause
"""What `pip install ./python` runs (PEP 517): packs the package and the schema that the build wrote
into a wheel. Needs nothing but Python, so it works without a package index."""

import base64
import hashlib
import os
import sys
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAME, VERSION = "spdk", "26.9.0"
INFO = f"{NAME}-{VERSION}.dist-info"
META = {
    "METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n"
                "Summary: JSON-RPC client and rpc.py of Basalt, with SPDK's import names\n"
                "License: BSD-3-Clause\nRequires-Python: >=3.9\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: wheel_of_tree\nRoot-Is-Purelib: true\n"
             "Tag: py3-none-any\n",
    "entry_points.txt": "[console_scripts]\nspdk-rpc = spdk.rpc.cli:console\n",
}


def schema_path():
    """The schema that goes into the wheel; None when there is none."""
    paths = [os.environ.get("BASALT_RPC_SCHEMA"), os.path.join(HERE, "spdk", "rpc", "schema.json"),
             os.path.join(HERE, "..", "build", "schema.json"),
             os.path.join(HERE, "..", "scripts", "schema.json")]
    return next((p for p in paths if p and os.path.isfile(p)), None)


def sources():
    """(name in the wheel, path) of each file of the package."""
    for folder, folders, files in os.walk(os.path.join(HERE, "spdk")):
        folders[:] = sorted(f for f in folders if f != "__pycache__")
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.endswith(".py"):
                yield os.path.relpath(path, HERE), path
    schema = schema_path()
    if schema is None:
        print("spdk: without schema.json: build Basalt first, or name the file in "
              "BASALT_RPC_SCHEMA; until then methods are asked of the program", file=sys.stderr)
    else:
        yield "spdk/rpc/schema.json", schema


def write_wheel(folder, files, tag="py3-none-any"):
    """A wheel of (name, bytes) pairs; its file name."""
    name = f"{NAME}-{VERSION}-{tag}.whl"
    record = []
    with zipfile.ZipFile(os.path.join(folder, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in [*files, *((f"{INFO}/{n}", t.encode()) for n, t in META.items())]:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}\n")
            wheel.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), data)
        record.append(f"{INFO}/RECORD,,\n")
        wheel.writestr(f"{INFO}/RECORD", "".join(record))
    return name


def contents():
    for name, path in sources():
        with open(path, "rb") as f:
            yield name, f.read()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, list(contents()))


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, [(f"{NAME}.pth", (HERE + "\n").encode())])


def build_sdist(sdist_directory, config_settings=None):
    name = f"{NAME}-{VERSION}.tar.gz"
    with tarfile.open(os.path.join(sdist_directory, name), "w:gz") as tar:
        for path in ("pyproject.toml", "README.md", os.path.basename(__file__)):
            tar.add(os.path.join(HERE, path), f"{NAME}-{VERSION}/{path}")
        for inner, path in sources():
            tar.add(path, f"{NAME}-{VERSION}/{inner}")
    return name
