#!/usr/bin/env node
// Starts the program of this platform, which npm installed beside this package as an optional dependency.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { name, optionalDependencies } = require("../package.json");

function program() {
  const file = process.platform === "win32" ? "erpnext-mcp.exe" : "erpnext-mcp";
  for (const platform of Object.keys(optionalDependencies)) {
    try {
      return require.resolve(`${platform}/${file}`);
    } catch {
      // npm leaves out what is for another platform.
    }
  }
  console.error(
    `erpnext-mcp: no program for ${process.platform}-${process.arch}. There are: ${Object.keys(optionalDependencies).join(", ")}. ` +
      "If yours is among them, install again without --omit=optional.",
  );
  process.exit(1);
}

// `init` writes this into the clients' files in the place of a path inside npm's cache. On Windows npx is no program by itself.
const npx = [...(process.platform === "win32" ? ["cmd", "/c"] : []), "npx", "-y", name];
const env = { ...process.env, ERPNEXT_MCP_COMMAND: JSON.stringify(npx) };
const child = spawn(program(), process.argv.slice(2), { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`erpnext-mcp: the program does not start: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
