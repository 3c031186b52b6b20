#!/bin/sh
# Installs erpnext-mcp @VERSION@ into ~/.local/bin, or where ERPNEXT_MCP_BIN says, once its checksum is right.
set -eu

releases=${ERPNEXT_MCP_RELEASES:-@RELEASE@}
bin=${ERPNEXT_MCP_BIN:-$HOME/.local/bin}

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) target=x86_64-unknown-linux-gnu ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-gnu ;;
    Darwin-*) target=universal-apple-darwin ;;
    *)
        echo "install: there is no program for $(uname -s) on $(uname -m)" >&2
        exit 1
        ;;
esac
name=erpnext-mcp-@VERSION@-$target

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
curl -fsSLO "$releases/$name.tar.gz"
curl -fsSLO "$releases/SHA256SUMS"
grep " $name.tar.gz\$" SHA256SUMS > wanted || {
    echo "install: SHA256SUMS does not list $name.tar.gz; nothing was installed" >&2
    exit 1
}
if command -v sha256sum > /dev/null; then sha256sum -c wanted; else shasum -a 256 -c wanted; fi > /dev/null || {
    echo "install: $name.tar.gz does not have the checksum that SHA256SUMS lists; nothing was installed" >&2
    exit 1
}
tar -xzf "$name.tar.gz"
mkdir -p "$bin"
# A program that runs keeps its old file.
cp "$name/erpnext-mcp" "$bin/.erpnext-mcp.new"
mv "$bin/.erpnext-mcp.new" "$bin/erpnext-mcp"
echo "installed $bin/erpnext-mcp; next: $bin/erpnext-mcp init"
case ":$PATH:" in *":$bin:"*) ;; *) echo "$bin is not in PATH" ;; esac
