"""Makes each format out of the programs that were built: version, names and addresses come from Cargo.toml, in this one place.

A packer takes the facts, the programs by target and the folder for what it makes. Nothing is compiled and nothing downloaded.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "packaging"
TARGETS = json.loads((SOURCES / "targets.json").read_text())
LICENCES = ("LICENSE-MIT", "LICENSE-APACHE")


def facts():
    """What the templates name, by the word between the @s."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    shared, package = manifest["workspace"]["package"], manifest["package"]
    repository, version = shared["repository"], shared["version"]
    owner, name = repository.removeprefix("https://github.com/").split("/")
    return {
        "VERSION": version,
        "DESCRIPTION": package["description"],
        "LICENSE": shared["license"],
        "REPOSITORY": repository,
        "OWNER": owner,
        "IMAGE": f"ghcr.io/{owner}/{name}",
        "MCP_NAME": f"io.github.{owner}/{name}",
        "RELEASE": f"{repository}/releases/download/v{version}",
    }


def filled(template, facts):
    """A template's text with its facts; one that is not known is an error."""
    def fact(found):
        if found[1] not in facts:
            raise SystemExit(f"packaging/{template}: {found[0]} is no fact; there are {', '.join(facts)}")
        return facts[found[1]]

    return re.sub(r"@([A-Z][A-Z0-9_]*(?::[\w-]+)?)@", fact, (SOURCES / template).read_text())


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def when():
    """Seconds since 1970 that all files bear, so that the same commit packs to the same bytes."""
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    return int(stated or subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT))


def exe(target):
    return "erpnext-mcp" + target.get("exe", "")


def archived(target, facts, program, out):
    """The archive of one target: program, licences, README, presets."""
    name = f"erpnext-mcp-{facts['VERSION']}-{target['target']}"
    files = {place: (ROOT / place).read_bytes() for place in ("README.md", "CHANGELOG.md", *LICENCES)}
    files |= {f"config/{preset.name}": preset.read_bytes() for preset in (ROOT / "config").glob("*.json") if preset.name != "config.json"}
    out.mkdir(parents=True, exist_ok=True)
    return tarred(out / f"{name}.tar.gz", name, files | {exe(target): program.read_bytes()}, exe(target))


def tarred(file, folder, files, program=None):
    """The same files, the same bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for place, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{place}")
            entry.size, entry.mtime, entry.mode = len(data), when(), 0o755 if place == program else 0o644
            archive.addfile(entry, io.BytesIO(data))
    file.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))
    return file


def templates(folder, facts):
    """The files of a folder of packaging/ by their places in it, filled in."""
    files = sorted(file for file in (SOURCES / folder).rglob("*") if file.is_file())
    return {str(file.relative_to(SOURCES / folder)): filled(file.relative_to(SOURCES), facts).encode() for file in files}


def deployments(facts, out):
    """What runs the image: the files of compose, and the chart as Helm installs it."""
    version = facts["VERSION"]
    compose = templates("container", facts)
    del compose["Containerfile"]
    tarred(out / f"erpnext-mcp-{version}-compose.tar.gz", "erpnext-mcp", compose)
    tarred(out / f"erpnext-mcp-{version}-chart.tgz", "erpnext-mcp", templates("helm/erpnext-mcp", facts))


def sums(out):
    """SHA256SUMS over all that is to be downloaded."""
    files = sorted(file for file in out.iterdir() if file.is_file() and file.name != "SHA256SUMS")
    (out / "SHA256SUMS").write_text("".join(f"{sha256(file)}  {file.name}\n" for file in files))


def npm(facts, programs, out):
    """A package for each platform with the program in it, and the one that people name."""
    whole = json.loads(filled("npm/package.json", facts))
    packages = []
    for target, program in programs:
        own = json.loads(filled("npm/platform.json", facts | {"PLATFORM": target["npm"], "EXE": target.get("exe", "")}))
        own |= {"os": target["os"], "cpu": target["cpu"]}
        packages.append((own, [(program, exe(target))]))
        whole["optionalDependencies"][own["name"]] = own["version"]
    packages.append((whole, [(SOURCES / "npm/bin/erpnext-mcp.js", "bin/erpnext-mcp.js"), (ROOT / "README.md", "README.md")]))
    made = []
    for manifest, files in packages:
        folder = out / "build" / manifest["name"].split("/")[1]
        for file, place in files + [(ROOT / licence, licence) for licence in LICENCES]:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / place)
        (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
        packed = subprocess.check_output(["npm", "pack", "--silent", "--pack-destination", str(out), str(folder)], text=True)
        made.append(out / packed.strip().splitlines()[-1])
    shutil.rmtree(out / "build")
    return made


def wheels(facts, programs, out):
    """A wheel for each platform: the program as a script, and no Python at all. The same bytes as in every other format."""
    made, name = [], f"erpnext_mcp-{facts['VERSION']}"
    stamp = time.gmtime(when())[:6]
    for target, program in programs:
        tags = [f"py3-none-{platform}" for platform in target["wheel"].split(".")]
        wheel = "Wheel-Version: 1.0\nGenerator: erpnext-mcp\nRoot-Is-Purelib: false\n" + "".join(f"Tag: {tag}\n" for tag in tags)
        files = {f"{name}.data/scripts/{exe(target)}": program.read_bytes(), f"{name}.dist-info/METADATA": filled("pypi/METADATA", facts).encode()}
        files[f"{name}.dist-info/WHEEL"] = wheel.encode()
        files |= {f"{name}.dist-info/licenses/{licence}": (ROOT / licence).read_bytes() for licence in LICENCES}
        record = "".join(f"{place},sha256={url_safe(data)},{len(data)}\n" for place, data in files.items())
        files[f"{name}.dist-info/RECORD"] = (record + f"{name}.dist-info/RECORD,,\n").encode()
        file = out / f"{name}-py3-none-{target['wheel']}.whl"
        zipped(file, files, stamp, programs={next(iter(files))})
        made.append(file)
    return made


def url_safe(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def zipped(file, files, stamp, programs):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, data in files.items():
            entry = zipfile.ZipInfo(place, stamp)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, (0o100755 if place in programs else 0o100644) << 16
            archive.writestr(entry, data)


def bundle(facts, programs, folder):
    """The folder of the MCPB bundle, for the official CLI to pack. A bundle has one program for each system, whatever its processor."""
    programs = [(target, program) for target, program in programs if "mcpb" in target]
    manifest = json.loads(filled("mcpb/manifest.json", facts | {"PLATFORM": programs[0][0]["mcpb"]}))
    for target, program in programs:
        place = f"server/{target['mcpb']}/{exe(target)}"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(program, folder / place)
        (folder / place).chmod(0o755)
        manifest["server"]["mcp_config"]["platform_overrides"][target["mcpb"]] = {"command": "${__dirname}/" + place}
        manifest["compatibility"]["platforms"].append(target["mcpb"])
    (folder / "config").mkdir()
    for preset in (ROOT / "config").glob("*-*.json"):
        shutil.copy(preset, folder / "config")
    shutil.copy(SOURCES / "mcpb/icon.png", folder)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def container(facts, program, folder):
    """The context from which the image is built: program, certificates of authorities, a user, a place for what is temporary."""
    root = folder / "rootfs"
    for place in (root / "etc/ssl/certs", root / "tmp", folder / "data"):
        place.mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy(program, root / "erpnext-mcp")
    (root / "erpnext-mcp").chmod(0o755)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs")
    (root / "etc/passwd").write_text("erpnext-mcp:x:65532:65532::/data:/nologin\n")
    (root / "etc/group").write_text("erpnext-mcp:x:65532:\n")
    (folder / "Containerfile").write_text(filled("container/Containerfile", facts))


def registry(facts, mcpb):
    """server.json for the MCP registry."""
    return json.loads(filled("registry/server.json", facts | {"SHA256:mcpb": sha256(mcpb)}))


def formula(facts, archives):
    """Homebrew's formula; `archives` has one for each target."""
    return filled("homebrew/erpnext-mcp.rb", facts | {f"SHA256:{target}": digest for target, digest in archives.items()})
