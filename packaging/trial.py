"""Installs each format into a clean place, without a network, and has the program that stands there answer a client."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

# What a person's shell has, and nothing of this checkout.
CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class Missing(Exception):
    """What is not on this machine, and what is not tried for the lack of it."""


def needs(*tools):
    for tool in tools:
        if shutil.which(tool) is None:
            raise Missing(f"{tool} is not here")


def run(command, **how):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def exchange(command, messages, env=CLEAN):
    """The answers of a server over stdio, by id."""
    text = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)
    done = subprocess.run([str(word) for word in command], input=text, env=env, timeout=60, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    answers = {line["id"]: line.get("result") for line in lines if "id" in line}
    wanted = [message["id"] for message in messages if "id" in message]
    if any(answers.get(id) is None for id in wanted):
        raise SystemExit(f"{command}: expected answers to {wanted}\n{done.stdout[:2000]}\n{done.stderr[-2000:]}")
    return answers


def initialize():
    asked = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "trial", "version": "1"}}
    return [{"id": 1, "method": "initialize", "params": asked}, {"method": "notifications/initialized"}]


def answers(command, version, env=CLEAN):
    """Has `demo` answer `initialize` as this version."""
    server = exchange([*command, "demo"], initialize(), env)[1]["serverInfo"]
    if (server["name"], server["version"]) != ("erpnext-mcp", version):
        raise SystemExit(f"{command}: answered as {server}")


def install_script(script, out, version, home):
    """The script from a folder in the place of the releases' address; a wrong checksum installs nothing."""
    env = CLEAN | {"HOME": str(home), "ERPNEXT_MCP_RELEASES": f"file://{out}"}
    run(["sh", script], env=env)
    program = home / ".local/bin/erpnext-mcp"
    answers([program], version)
    program.unlink()
    bad = home / "bad"
    shutil.copytree(out, bad)
    (bad / "SHA256SUMS").write_text(re.sub(r"^.{8}", "00000000", (out / "SHA256SUMS").read_text(), flags=re.M))
    refused = subprocess.run(["sh", script], env=env | {"ERPNEXT_MCP_RELEASES": f"file://{bad}"}, stderr=subprocess.PIPE, text=True)
    if refused.returncode == 0 or program.exists() or "checksum" not in refused.stderr:
        raise SystemExit(f"{script}: installed what has another checksum: {refused.stderr}")


def npm(packages, facts, folder):
    """From the packed files alone, as npx does it: by the name of the program. Signals and exit codes pass through."""
    folder.mkdir(parents=True)
    # Those of other platforms are not there to be packed, and npm would ask for them.
    run(["npm", "install", "--prefix", folder, "--offline", "--no-audit", "--no-fund", "--ignore-scripts", *packages], env=CLEAN | {"HOME": str(folder)})
    program = folder / "node_modules/.bin/erpnext-mcp"
    answers([program], facts["VERSION"])
    if subprocess.run([program, "nonsense"], stderr=subprocess.DEVNULL).returncode != 2:
        raise SystemExit(f"{program}: the program's exit code is lost")


def wheel(file, version, folder):
    run([sys.executable, "-m", "venv", folder])
    run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", file])
    answers([folder / "bin/erpnext-mcp"], version)


def bundle(file, manifest, folder):
    """As a client starts it: every setting filled in, once with writes and once without."""
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            (folder / entry.filename).chmod((entry.external_attr >> 16) & 0o777 or 0o644)
    program = folder / manifest["server"]["entry_point"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = subprocess.Popen([program, "demo", "--site-only", "--port", str(port)], stderr=subprocess.PIPE, text=True)
    try:
        site.stderr.readline()
        settings = {name: str(stated.get("default", "")).lower() for name, stated in manifest["user_config"].items()}
        settings |= {"url": f"http://127.0.0.1:{port}", "api_key": "administrator", "api_secret": "secret", "open": "sales-user"}
        writes = lambda read_only: bundled_tools(manifest, folder, settings | {"read_only": read_only})
        if not any(tool.startswith("create_") for tool in writes("false")) or any(tool.startswith("create_") for tool in writes("true")):
            raise SystemExit(f"{file}: read_only does not do what it says")
        if missing := {tool["name"] for tool in manifest["tools"]} - writes("true"):
            raise SystemExit(f"{file}: the manifest lists tools that are not there: {missing}")
    finally:
        site.terminate()
        site.wait()


def bundled_tools(manifest, folder, settings):
    start = manifest["server"]["mcp_config"]
    values = {f"user_config.{name}": value for name, value in settings.items()} | {"__dirname": str(folder)}
    fill = lambda text: re.sub(r"\$\{([\w.]+)\}", lambda found: values[found[1]], text)
    env = CLEAN | {name: fill(text) for name, text in start["env"].items()} | {"HOME": str(folder)}
    command = [fill(start["command"]), *map(fill, start["args"])]
    listed = exchange(command, [*initialize(), {"id": 2, "method": "tools/list"}], env)
    return {tool["name"] for tool in listed[2]["tools"]}


def image(context, facts, folder):
    """Builds the image without a daemon, looks at its labels and user, and runs the program in its root, which cannot be written."""
    needs("buildah")
    storage = ["buildah", "--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs"]
    run([*storage, "bud", "--isolation", "chroot", "--format", "oci", "--timestamp", "0", "-t", "trial", context])
    config = json.loads(run([*storage, "inspect", "--type", "image", "trial"]))["OCIv1"]["config"]
    expected = {"User": "65532:65532", "Entrypoint": ["/erpnext-mcp"], "Cmd": ["serve"]}
    if any(config.get(name) != value for name, value in expected.items()) or config["Labels"]["io.modelcontextprotocol.server.name"] != facts["MCP_NAME"]:
        raise SystemExit(f"the image is not as it should be: {config}")
    made = run([*storage, "from", "trial"]).strip().splitlines()[-1]
    root = Path(run([*storage, "mount", made]).strip().splitlines()[-1])
    if os.geteuid() != 0:
        raise Missing("chroot needs root: the image was built, its program not run")
    env = dict(pair.split("=", 1) for pair in config["Env"] if "=" in pair)
    answers(["chroot", "--userspec=65532:65532", root, "/erpnext-mcp"], facts["VERSION"], CLEAN | env)
    found = sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())
    return f"{len(found)} files: {', '.join(found)}"
