"""A stand-in for KDE's password store, on a session bus of our own: one wallet, always open, one password.

The real one would open a dialog. KIO's own entries (keys that begin with
"http") are denied, so that it asks the resource instead.
"""

import re

from gi.repository import Gio, GLib

# The methods of org.kde.KWallet that its clients call: arguments, result.
METHODS = """
isEnabled - b            open sxs i               openAsync sxsb i         openPath sxs i
openPathAsync sxsb i     close ibs i              sync is -                isOpen i b
users s as               wallets - as             folderList is as         hasFolder iss b
createFolder iss b       entryList iss as         readEntry isss ay        readMap isss ay
readPassword isss s      hasEntry isss b          entryType isss i         writePassword issss i
writeEntry issayis i     writeMap issays i        networkWallet - s        localWallet - s
folderDoesNotExist ss b  keyDoesNotExist sss b    disconnectApplication ss b
"""
NAME = "kdewallet"
DEFAULTS = {"b": True, "i": 0, "s": NAME, "as": [NAME], "ay": b""}
HANDLE = 1


def _table():
    words = ["" if word == "-" else word for word in METHODS.split()]
    return {name: (taken, given) for name, taken, given in zip(words[::3], words[1::3], words[2::3])}


def _interface(table):
    def arguments(signature, direction):
        kinds = re.findall("a?[a-z]", signature)
        return "".join(f'<arg type="{kind}" direction="{direction}"/>' for kind in kinds)

    methods = "".join(
        f'<method name="{name}">{arguments(taken, "in")}{arguments(given, "out")}</method>'
        for name, (taken, given) in table.items()
    )
    signal = '<signal name="walletAsyncOpened"><arg type="i"/><arg type="i"/></signal>'
    text = f'<node><interface name="org.kde.KWallet">{methods}{signal}</interface></node>'
    return Gio.DBusNodeInfo.new_for_xml(text).interfaces[0]


def own(password):
    """Takes the wallet's name on the session bus; needs a running main loop."""
    table = _table()

    def value(method, given):
        foreign = len(given) > 2 and str(given[2]).startswith("http")
        if method == "readPassword":
            return password
        if method in ("open", "openPath", "openAsync", "openPathAsync", "entryType"):
            return HANDLE
        if method == "folderDoesNotExist":
            return False
        if method == "keyDoesNotExist":
            return foreign
        if method == "hasEntry":
            return not foreign
        return [] if method == "entryList" else DEFAULTS.get(table[method][1])

    def call(connection, sender, path, interface, method, parameters, invocation):
        result = table[method][1]
        answer = GLib.Variant(f"({result})", (value(method, parameters.unpack()),)) if result else None
        invocation.return_value(answer)
        if method.endswith("Async"):
            opened = GLib.Variant("(ii)", (HANDLE, HANDLE))
            connection.emit_signal(None, path, interface, "walletAsyncOpened", opened)

    interface = _interface(table)
    bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    bus.register_object("/modules/kwalletd5", interface, call, None, None)
    for name in ("org.kde.kwalletd5", "org.kde.kwalletd"):
        Gio.bus_own_name_on_connection(bus, name, Gio.BusNameOwnerFlags.NONE, None, None)
    return bus
