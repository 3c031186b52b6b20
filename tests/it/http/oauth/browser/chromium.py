"""Drives Chromium without a window by lines of JSON, over its own pipe: what is looked at, typed and pressed, one step a line.

python3 chromium.py FOLDER, which keeps what the browser keeps."""

import json
import os
import subprocess
import sys
import time

PATIENCE = 20
KEYS = {"Tab": 9, "Enter": 13, "Space": 32, "ArrowUp": 38, "ArrowDown": 40}
TEXT = {"Enter": "\r", "Space": " "}
# What axe-core finds wrong, a line each.
AXE = """axe.run({resultTypes: ['violations']}).then(found => found.violations.map(
    one => one.id + ': ' + one.nodes.map(node => node.target + ' ' + node.failureSummary).join('; ')))"""


class Chromium:
    """A browser with one page, of a person who has nothing open yet."""

    def __init__(self, program, profile):
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += ["--disable-component-update", "--no-proxy-server", "--remote-debugging-pipe", "--user-data-dir=" + profile]
        # It reads 3 and writes 4.
        shell = ["sh", "-c", 'exec "$@" 3<&0 4>&1', "sh", program, *options, "about:blank"]
        self.process = subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.last, self.session, self.context = 0, None, None

    def ask(self, method, **params):
        self.last += 1
        said = {"id": self.last, "method": method, "params": params}
        if self.session and not method.startswith("Target."):
            said["sessionId"] = self.session
        self.process.stdin.write(json.dumps(said).encode() + b"\0")
        self.process.stdin.flush()
        while (told := json.loads(self.read())).get("id") != self.last:
            pass
        if "error" in told:
            raise RuntimeError(method + ": " + told["error"]["message"])
        return told["result"]

    def read(self):
        read = bytearray()
        while (byte := self.process.stdout.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("the browser ended")
            read += byte
        return read

    def open(self, address, width=800, theme="light"):
        """Somebody else opens a page: nothing of the one before is kept."""
        if self.context:
            self.ask("Target.disposeBrowserContext", browserContextId=self.context)
        self.context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.ask("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def press(self, keys):
        for key in keys:
            code, text = KEYS.get(key, 0), TEXT.get(key, "")
            if not code:
                self.ask("Input.insertText", text=key)
                continue
            named = {"key": " " if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
            self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **named)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **named)

    def click(self, selector):
        """Presses the mouse where the first such element is, once it is there."""
        found = f"document.readyState === 'complete' && document.querySelector({json.dumps(selector)})"
        self.until(found)
        place = f"(() => {{ const it = {found}; it.scrollIntoView(); const r = it.getBoundingClientRect();"
        place = self.value(place + " return [r.x + r.width / 2, r.y + r.height / 2] })()")
        for kind in ["mousePressed", "mouseReleased"]:
            self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def value(self, expression):
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(json.dumps(told["exceptionDetails"]))
        return told["result"].get("value")

    def until(self, expression):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if self.value(f"!!({expression})"):
                    return
            except RuntimeError as error:
                # A page that is left in between takes the question with it.
                if time.monotonic() > end:
                    raise error
            if time.monotonic() > end:
                raise RuntimeError(f"{expression} does not come at {self.value('location.href + document.body.innerText')}")
            time.sleep(0.05)

    def do(self, step):
        for name, what in step.items():
            match name:
                case "open":
                    self.open(**what)
                case "press":
                    self.press(what)
                case "click":
                    self.click(what)
                case "until":
                    self.until(what)
                case "value":
                    return self.value(what)
                case "axe":
                    with open(os.environ["AXE"], encoding="utf-8") as axe:
                        self.value(axe.read() + ";0")
                    return self.value(AXE)
        return None


# It ends with the pipe, and so with this program.
chromium = Chromium(os.environ.get("CHROME", "chromium"), sys.argv[1])
for line in sys.stdin:
    try:
        print(json.dumps({"value": chromium.do(json.loads(line))}), flush=True)
    except RuntimeError as error:
        print(json.dumps({"failed": str(error)}), flush=True)
