"""Thunderbird without a window, steered through its Marionette socket.

Marionette frames are `LENGTH:JSON`; a command is `[0, id, name, parameters]`,
its answer `[1, id, error, result]`. Scripts run in the privileged context.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time

START_SECONDS = 90
SCRIPT_SECONDS = 90

# A fresh profile that asks nothing, updates nothing, and reaches nothing but loopback.
PREFERENCES = {
    "mail.shell.checkDefaultClient": False,
    "mail.provider.enabled": False,
    "mail.rights.version": 1,
    "mail.winsearch.firstRunDone": True,
    "mail.spam.version": 1,
    "mailnews.start_page.enabled": False,
    "app.update.enabled": False,
    "app.donation.eoy.version.viewed": 999,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.unified": False,
    "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "browser.safebrowsing.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.manage-offline-status": False,
    "offline.startup_state": 0,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "mail.suppressAlertsForTests": True,
    "calendar.timezone.local": "Europe/Stockholm",
    "calendar.timezone.useSystemTimezone": False,
    "calendar.debug.log": True,
    "carddav.sync.loglevel": "Debug",
    "carddav.setup.loglevel": "Debug",
    "browser.dom.window.dump.enabled": True,
    "devtools.console.stdout.chrome": True,
    "signon.rememberSignons": True,
}

# What every script may use; `sleep` holds its timer, a bare one would be collected.
PRELUDE = """
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const { CalEvent } = ChromeUtils.importESModule("resource:///modules/CalEvent.sys.mjs");
const { CalTodo } = ChromeUtils.importESModule("resource:///modules/CalTodo.sys.mjs");
const { CalRecurrenceInfo } = ChromeUtils.importESModule("resource:///modules/CalRecurrenceInfo.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const [given, finish] = arguments;
"""


class ScriptError(Exception):
    """A script threw, or Marionette refused it."""


class Thunderbird:
    """One running Thunderbird with its own profile below `work`."""

    def __init__(self, work, reachable):
        self.work, self.count = work, 0
        profile = work / "profile"
        profile.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {**PREFERENCES, "marionette.port": port, "network.proxy.no_proxies_on": reachable}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items()]
        (profile / "user.js").write_text("".join(lines))
        self.log = open(work / "thunderbird.log", "wb")
        command = ["thunderbird", "--headless", "--marionette", "-remote-allow-system-access"]
        self.process = subprocess.Popen(
            [*command, "-no-remote", "-profile", str(profile)],
            env={**os.environ, "MOZ_HEADLESS": "1", "HOME": str(work), "TZ": "Europe/Stockholm"},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._connect(port)
        except BaseException:
            self.stop()
            raise

    def _connect(self, port):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=SCRIPT_SECONDS + 30)
                break
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise SystemExit("Thunderbird does not open its Marionette port") from None
                time.sleep(0.25)
        self._receive()  # the greeting
        self.command("WebDriver:NewSession", {})
        self.command("Marionette:SetContext", {"value": "chrome"})
        self.command("WebDriver:SetTimeouts", {"script": SCRIPT_SECONDS * 1000})

    def _receive(self):
        size = b""
        while not size.endswith(b":"):
            byte = self.socket.recv(1)
            if not byte:
                raise ScriptError("Marionette closed the connection")
            size += byte
        data = b""
        while len(data) < int(size[:-1]):
            data += self.socket.recv(int(size[:-1]) - len(data))
        return json.loads(data)

    def command(self, name, parameters):
        self.count += 1
        text = json.dumps([0, self.count, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._receive()
        if error:
            raise ScriptError(f"{error.get('error')}: {error.get('message')}")
        return result

    def script(self, body, **given):
        """Runs the body of an async function; `given` holds the named values it may read."""
        wrapped = (
            PRELUDE + "(async () => {" + body + "})().then("
            "value => finish({ value: value ?? null }),"
            "error => finish({ error: `${error}\\n${error?.stack}` }));"
        )
        parameters = {"script": wrapped, "args": [given], "sandbox": "system", "newSandbox": False}
        result = self.command("WebDriver:ExecuteAsyncScript", parameters)["value"]
        if result is None or "error" in result:
            raise ScriptError(result["error"] if result else "no answer: a dialog is open?")
        return result["value"]

    def remember_password(self, subject):
        """As if the password had been saved: kept per origin and realm, so the realm must be the server's."""
        challenge = subject.propfind(subject.principal(), ["D:resourcetype"], auth=False).header("WWW-Authenticate")
        realm = re.search(r'realm="([^"]*)"', challenge)
        if not realm:
            raise SystemExit(f"the challenge names no realm: {challenge}")
        self.script(
            """const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
            login.init(given.origin, null, given.realm, given.user, given.password, "", "");
            await Services.logins.addLoginAsync(login);""",
            origin=subject.absolute(""),
            realm=realm[1],
            user=subject.user,
            password=subject.password,
        )

    def stop(self):
        """Quits; a Thunderbird that does not is killed with all it started."""
        try:
            self.script("Services.startup.quit(Ci.nsIAppStartup.eForceQuit);")
        except Exception:
            pass
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()
