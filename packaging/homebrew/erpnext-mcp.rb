class ErpnextMcp < Formula
  desc "Safe, typed access to ERPNext for language models"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    url "@RELEASE@/erpnext-mcp-@VERSION@-universal-apple-darwin.tar.gz"
    sha256 "@SHA256:universal-apple-darwin@"
  end

  on_linux do
    on_arm do
      url "@RELEASE@/erpnext-mcp-@VERSION@-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256:aarch64-unknown-linux-gnu@"
    end
    on_intel do
      url "@RELEASE@/erpnext-mcp-@VERSION@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256:x86_64-unknown-linux-gnu@"
    end
  end

  def install
    bin.install "erpnext-mcp"
    pkgshare.install "config"
    generate_completions_from_executable(bin/"erpnext-mcp", "completions")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/erpnext-mcp --version")
  end
end
