#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Keys in files, by RPC: what is listed and saved, SPDK's error codes, and that no secret shows.

    test_keyring.py BUILD_ROOT
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rpc"))
from harness import Target, run_tap  # noqa: E402

SECRET = "NVMeTLSkey-1:01:not-to-be-seen:"


def write_key(path, mode=0o600):
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, mode), "w", encoding="ascii") as f:
        f.write(SECRET)
    os.chmod(path, mode)
    return path


def code(target, method, **params):
    return target.connection.request(method, json.dumps(params))["error"]["code"]


def keys(target):
    return target.connection.call("keyring_get_keys")


def check_keys(build):
    with Target(build) as target:
        call, folder = target.connection.call, target.dir
        path = write_key(os.path.join(folder, "a"))
        assert keys(target) == []
        assert call("keyring_file_add_key", {"name": "k0", "path": path}) is True
        assert call("keyring_file_add_key", {"name": ":x:k\u20ac", "path": path}) is True
        assert keys(target) == [
            {"name": name, "module": "keyring_file", "removed": False, "probed": False,
             "refcnt": 1, "path": path} for name in ("k0", ":x:k\u20ac")]
        assert call("framework_get_config", {"name": "keyring"}) == [
            {"method": "keyring_file_add_key", "params": {"name": name, "path": path}}
            for name in ("k0", ":x:k\u20ac")]
        assert call("keyring_file_remove_key", {"name": "k0"}) is True
        assert [k["name"] for k in keys(target)] == [":x:k\u20ac"]
        assert target.stop() == 0
        assert "not-to-be-seen" not in target.log_text()


def check_errors(build):
    with Target(build) as target:
        folder = target.dir
        good = write_key(os.path.join(folder, "good"))
        open_to_all = write_key(os.path.join(folder, "open"), 0o644)
        target.connection.call("keyring_file_add_key", {"name": "k", "path": good})
        add = "keyring_file_add_key"
        assert code(target, add, name="k", path=good) == -17
        assert code(target, add, name="l", path=os.path.join(folder, "absent")) == -2
        assert code(target, add, name="l", path="good") == -1
        assert code(target, add, name="l", path=open_to_all) == -1
        assert code(target, add, name="l", path=folder) == -1
        assert code(target, add, name="", path=good) == -22
        assert code(target, "keyring_file_remove_key", name="l") == -126
        assert code(target, "keyring_linux_set_options", enable=True) == -1  # too late
        assert [k["name"] for k in keys(target)] == ["k"]
        assert target.stop() == 0


def check_stop_with_keys(build):
    """A configuration whose key file is gone says so, and a program with keys stops."""
    with Target(build) as target:
        path = write_key(os.path.join(target.dir, "a"))
        target.connection.call("keyring_file_add_key", {"name": "k", "path": path})
        os.unlink(path)
        assert keys(target)[0]["path"] == path
        config = os.path.join(target.dir, "config.json")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({"subsystems": [{"subsystem": name, "config": entries}
                                      for name, entries in target.connection.save_config()]}, f)
        assert target.stop() == 0
        try:
            with Target(build, "--json", config) as again:
                raise AssertionError(f"started without its key: {keys(again)}")
        except AssertionError as e:
            assert "did not start" in str(e) and path in str(e), e


def main(build):
    return run_tap([("keys are listed, saved and removed", lambda: check_keys(build)),
                    ("errors have SPDK's codes", lambda: check_errors(build)),
                    ("a key file that is gone", lambda: check_stop_with_keys(build))])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
