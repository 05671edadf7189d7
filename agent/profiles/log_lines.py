r"""The lines of a device's own log: one table, from which lines are predicted and by which a log is read.

A profile's file names the lines that a device prints (`scan_line = "@joining"`), for the versions that print them; the
reader of logs recognises these lines and further ones. The sources are those of device-os at its tags from v0.4.9 to
v6.2.0.
"""

import re
from typing import NamedTuple

from netpreflight.probes.device_log import LineKind


class _Value(NamedTuple):
    """A value in a line: the pattern that it matches, and the field of `LogRecord` for it (empty: none)."""

    pattern: str
    field: str = ""


_VALUES = {
    "ssid": _Value(".{1,64}", "name"),
    "host": _Value(r"\S{1,160}", "host"),
    "address": _Value("[0-9A-Fa-f.:]{2,45}", "address"),
    "port": _Value(r"\d{1,5}", "port"),
    "code": _Value(r"-?\d{1,6}", "code"),
    "word": _Value("DNS|timeout|network", "said"),
    "hex": _Value("-?[0-9A-Fa-f]{1,6}", "code"),
    "bits": _Value("[0-9A-Fa-f]{8}", "code"),
    "reason": _Value("[0-9A-Fa-f]{4}", "said"),
    "name": _Value(".{0,64}", "name"),
    "was": _Value("[A-Z_]{2,24}", "was"),
    "now": _Value("[A-Z_]{2,24}", "now"),
    "antenna": _Value("internal|external|auto", "said"),
    "security": _Value("[a-z0-9_-]{1,16}", "said"),
    "channel": _Value(r"\d{1,3}", "channel"),
    "signal": _Value(r"-?\d{1,3}", "signal_dbm"),
    "bssid": _Value("[0-9a-fA-F:]{0,17}", "bssid"),
    "model": _Value("[A-Za-z][A-Za-z0-9 -]{0,30}", "said"),
    "version": _Value(r"\d{1,3}\.\d{1,3}\.\d{1,3}(?:-[a-z]{1,6}\.\d{1,3})?", "said"),
    "volts": _Value(r"\d{1,2}\.\d{1,4}", "said"),
    "n": _Value(r"\d{1,9}"),
    "domain": _Value(r"[^\s,]{1,120}", "host"),
    "esp": _Value("[1-4]", "code"),
    "cipher": _Value(r"\S{1,16}"),
    "part": _Value(r"[^,]{0,20}"),
    "space": _Value(" {0,10}"),
    "more": _Value(".{0,150}"),
    "text": _Value(".{0,150}"),
}
"""Keyed by the name between { and }, or between < and >."""
_PART = re.compile(r"\{(?P<filled>[a-z]+)\}|<(?P<own>[a-z]+)(?::(?P<given>[^>]+))?>|[\[\]]")


class LogLine(NamedTuple):
    """A line that a device prints.

    Attributes:
        kind: what the line says; `MEANS` has this in words.
        text: the message as the firmware prints it. `{ssid}` and the like are filled in when the line is predicted.
            `<code>` and the like are values that only the device knows; `<code:17>` is a value that is always 17 in
            this line. What stands in [brackets] may be missing.
        name: the name by which profiles predict the line; empty: no profile predicts it.
        bare: whether the line is text that an application or a tool prints, and no record of the firmware's log.
        once: whether only the first of these lines is kept.
    """

    kind: str
    text: str
    name: str = ""
    bare: bool = False
    once: bool = False

    @property
    def predicted(self) -> str:
        """The text that profiles predict for the line; its `{ssid}` and the like are not filled in yet."""
        return _PART.sub(lambda part: "" if part[0] in "[]" else part["given"] or part[0], self.text)

    @property
    def recognised(self) -> LineKind:
        """How the line is recognised in a log: its fixed beginning, and a pattern for the rest."""
        parts = list(_PART.finditer(self.text))
        begin = self.text[: parts[0].start()] if parts else self.text
        rest, at = "", len(begin)
        for part in parts:
            rest += re.escape(self.text[at : part.start()]) + _pattern(part)
            at = part.end()
        return LineKind(self.kind, begin, rest + re.escape(self.text[at:]), bare=self.bare, once=self.once)


def _pattern(part: re.Match[str]) -> str:
    """The pattern of a value in a line, or of a bracket."""
    if part[0] in "[]":
        return "(?:" if part[0] == "[" else ")?"
    value = _VALUES[part["filled"] or part["own"]]
    pattern = re.escape(part["given"]) if part["given"] else value.pattern
    return f"(?P<{value.field}>{pattern})" if value.field else pattern


LINES: tuple[LogLine, ...] = (
    # --- scan, authentication, link: Photon and P1 (device-os v2.3.1 hal/src/photon/wlan_hal.cpp:642-818)
    LogLine("joining", "Joining {ssid}", "joining"),
    LogLine("join-failed", "wiced_join_ap_specific(), result: <code>", "join-failed"),
    LogLine("network-begins", "ARM_WLAN_WD 1"),
    LogLine("joined", "ARM_WLAN_WD 2"),
    LogLine("link-dhcp", "Bringing WiFi interface up with DHCP", "link-dhcp"),
    LogLine("link-static", "Bringing WiFi interface up with static IP"),
    LogLine("antenna", "Using <antenna> antenna"),
    LogLine("cleared", "Clearing WiFi credentials"),
    LogLine("listening", "Start listening timer<more>"),
    LogLine("listening", "Start Listening timer<more>"),
    # the same: Gen 3 and 4 (system_listening_mode.cpp)
    LogLine("listening", "Entering listening mode"),
    LogLine("cleared", "Clearing network settings"),
    LogLine("eap-valid", "EAP config valid: <code>"),
    LogLine("ram", "Free RAM connect: <code>"),
    LogLine("ram", "Free RAM before suppl init: <code>"),
    LogLine("ram", "Free RAM after suppl init: <code>"),
    # --- the same: Photon 2, P2, M-SoM (v6.2.0 hal/network/ncp_client/realtek/rtl_ncp_client.cpp:304-401)
    LogLine("joining", "Try to connect to ssid: {ssid}", "joining-realtek"),
    LogLine("disconnect", "Disconnect linkError=<bits> reason=<reason>: <text>", "disconnect"),
    # --- the same: Argon (v4.2.0 esp32_ncp_client.cpp:394-470)
    LogLine("heard-joining", 'Connecting to "{ssid}"', "joining-esp32"),
    LogLine("heard-joining", 'Connecting to "{ssid}" (no security)'),
    LogLine("heard", '< +CWLAP:(<n>,"{ssid}",<signal>,"<bssid>",<channel><more>'),
    LogLine("unread-name", "Unable to parse AP info"),
    LogLine("cwjap", "< +CWJAP:<esp>"),
    LogLine("cwjap", "+CWJAP:<code>", "cwjap"),
    LogLine("wifi-failed", "Failed to connect to WiFi: <code>"),
    LogLine("ncp-ready", "NCP ready to accept AT commands", once=True),
    LogLine("ncp-dead", "No response from NCP"),
    LogLine("ncp-dead", "Failed to initialize wifi NCP client<more>"),
    LogLine("ncp-dead", "Failed to initialize Realtek NCP client<more>"),
    LogLine("ncp-dead", "Failed to query MAC address<more>"),
    # --- interfaces: Gen 3 and 4 (v6.2.0 ifapi.cpp:205-222, system_network_manager.cpp:418-441, 725-788)
    LogLine("wifi-link", "Netif wl<n:3> link UP", "wifi-link-argon"),
    LogLine("wifi-link", "Netif wl<n:3> link UP, profile=<name>", "wifi-link-profile-argon"),
    LogLine("wifi-link", "Netif wl<n> link UP", "wifi-link"),
    LogLine("wifi-link", "Netif wl<n> link UP, profile=<name>", "wifi-link-profile"),
    LogLine("wifi-unlink", "Netif wl<n> link DOWN<more>"),
    LogLine("wifi-address", "Netif wl<n> ipv4 configuration changed<more>"),
    LogLine("other-link", "Netif en<n> link UP<more>"),
    LogLine("other-link", "Netif th<n> link UP<more>"),
    LogLine("cellular-link", "Netif pp<n> link UP<more>"),
    LogLine("state", "State changed: <was:IFACE_LINK_UP> -> <now:IP_CONFIGURED>", "state-address"),
    LogLine("state", "State changed: <was> -> <now>"),
    LogLine("resolver-set", "DNS server list changed"),
    # --- IP: Photon, P1, Electron (v2.3.1 system_network_internal.h:722-745)
    LogLine("address", "CLR_WLAN_WD 1, DHCP success", "address"),
    LogLine("no-address", "DHCP fail, ARM_WLAN_WD 4", "no-address"),
    LogLine("no-address", "DHCP fail, ARM_WLAN_WD 5", "no-address-0.6"),
    # --- DNS (v0.4.9 to v1.0.1, v2.3.1 system_cloud_connection_compat.cpp:84-140, v6.2.0 …_posix.cpp:120-209)
    LogLine("resolved", "Resolved host {host} to {address}", "resolved-1.0"),
    LogLine("resolved", "Resolved {host} to {address}", "resolved"),
    LogLine("unresolved", "Cloud: unable to resolve IP for[ {host}][ (<code>)]"),
    LogLine("unresolved", "unable to resolve IP for {host}", "unresolved-1.0"),
    LogLine("unresolved", "unable to resolve IP for[ {host}][ (<code>)]"),
    LogLine("unresolved", "Unable to resolve IP for[ {host}][ (<code>)]", "unresolved"),
    LogLine("unresolved", "Failed to determine server address", "unresolved-posix"),
    LogLine("resolving", "Resolving {host}#{port}", "resolving"),
    LogLine("cloud-address", "Cloud socket=<n>, connecting to {address}#{port}[ using if <n>]"),
    LogLine("cloud-address", "connecting to {address}#{port}", "cloud-address"),
    LogLine("cloud-address", "connecting to {address}#{port} using if <n>", "cloud-address-if"),
    LogLine("remembered", "Loaded cloud server address and port from session data"),
    # --- the cloud (v2.3.1, v6.2.0 system/src/system_task.cpp; communication/src)
    LogLine("cloud-begins", "Cloud: connecting"),
    LogLine("tcp-made", "connected to cloud {address}:{port}", "tcp-made-1.0"),
    LogLine("tcp-made", "Connected to {address}:{port}", "tcp-made"),
    LogLine("tcp-failed", "connection failed to {address}:{port}, code=<code>", "tcp-failed-1.0"),
    LogLine("tcp-failed", "connection failed to {address}:{port}<more>"),
    LogLine("tcp-failed", "Failed to connect to {address}:{port} (<code>)", "tcp-failed"),
    LogLine("tcp-failed", "Failed to connect to {address}:{port}<more>"),
    LogLine("socket", "Cloud socket connected"),
    LogLine("socket-failed", "Cloud socket connection failed: <code>"),
    LogLine("handshake-begins", "Starting handshake: presense_announce=<n>"),
    LogLine("handshake-begins", "Establish secure connection"),
    LogLine("waits-for-nonce", "Started: Receive nonce"),
    LogLine("waits-for-nonce", "Started, receive nonce"),
    LogLine("nonce", "Encrypting handshake nonce"),
    LogLine("nonce", "Encrypting nonce"),
    LogLine("no-nonce", "Could not receive nonce: <code>", "no-nonce"),
    LogLine("no-nonce", "Handshake: could not receive nonce: <code>", "no-nonce-0.5"),
    LogLine("no-key", "Unable to receive key <code>"),
    LogLine("no-key", "Handshake: could not receive key: <code>"),
    LogLine("bad-key", "decryption failed<more>"),
    LogLine("bad-key", "signature validation failed<more>"),
    LogLine("bad-key-before", "unable to parse negotiated pub key<more>"),
    LogLine("bad-key-before", "DTLS init failure<more>"),
    LogLine("bad-key-before", "Error extracting public key<more>"),
    LogLine("server-blank", "Read Server Address = type:255<more>"),
    LogLine("server", "Read Server Address = type:<n>,domain:<domain>[,<more>]"),
    LogLine("server-blank-key", "Public Server Key was blank<more>"),
    LogLine("server-blank-key", "Public Server Address was blank<more>"),
    LogLine("server-blank-key", "Server settings are invalid<more>"),
    LogLine("dtls-failed", "handshake failed <hex:-6800>", "dtls-silent"),
    LogLine("dtls-failed", "handshake failed <hex>"),
    LogLine("handshake-failed", "Handshake failed: <code>"),
    LogLine("handshake-failed", "handshake failed with code <code>"),
    LogLine("cloud-failed", "Cloud handshake failed, code=<code:17>", "cloud-failed-17"),
    LogLine("cloud-failed", "Cloud handshake failed, code=<code>", "cloud-failed"),
    LogLine("hello", "Sending HELLO message"),
    LogLine("no-hello", "Handshake: could not receive HELLO response <code>"),
    LogLine("no-hello", "could not receive HELLO response <code>"),
    LogLine("no-hello", "Could not receive HELLO response: <code>"),
    LogLine("udp-sent", "socketSendTo(<n>,{address},{port},<part>,<n>)", bare=True),
    LogLine("resumed", "restored session from persisted<more>"),
    LogLine("resumed", "Skipping HELLO<more>"),
    LogLine("resumed", "resumed session<more>"),
    LogLine("restore-status", "(CMPL,RENEG,NO_SESS,ERR) restoreStatus=<code>"),
    LogLine("no-session", "Failed to load session data from persistent storage"),
    LogLine("no-session", "Discarding session data"),
    LogLine("no-session", "discarding session: valid<more>"),
    LogLine("no-session", "session has [expired after ]<n> uses<more>"),
    LogLine("handshake-done", "Handshake completed"),
    LogLine("handshake-done", "Hanshake: completed"),
    LogLine("online", "Cloud connected"),
    LogLine("safe-mode", "Sending safe mode event"),
    LogLine("ping-lost", "ping ACK not received"),
    LogLine("loop-error", "Event loop error <code>"),
    LogLine("loop-error", "Communication loop error, closing cloud socket"),
    LogLine("loop-error", "Disconnecting cloud due to inactivity<more>"),
    LogLine("socket-error", "mbedtls_ssl_read() failed: -0x<hex><more>"),
    LogLine("socket-error", "mbedtls_ssl_write() failed: -0x<hex><more>"),
    LogLine("socket-error", "mbedtls_ssl_write returned <more>"),
    LogLine("socket-error", "mbedtls_ssl_read returned <more>"),
    LogLine("socket-error", "sock_send returned <code> <n>"),
    LogLine("socket-error", "sock_recv returned <code> <n>"),
    LogLine("leaving", "Cloud: disconnecting"),
    LogLine("left", "Cloud: disconnected"),
    # --- the Internet Test (device-facts 1.2 to 1.5)
    LogLine("test-failed", "Internet Test Failed!", "test-failed-1.5"),
    LogLine("test-failed", "Internet test failed!"),
    LogLine("test-failed", "Internet test failed: {word}", "test-failed"),
    LogLine("test-failed", "Internet test failed: {code} {word}", "test-failed-code"),
    LogLine("test-passed", "Internet available, Cloud not reachable!", "test-passed-1.5"),
    LogLine("test-passed", "Internet available, Cloud not reachable"),
    LogLine("test-passed", "Internet available, cloud not reachable", "test-passed"),
    LogLine("test-passed", "Internet available, cloud not reachable!"),
    LogLine("echoes", "WiFi<space>: <code>/<n> packets<more>"),
    LogLine("blinks", "Handling cloud error: <code>"),
    LogLine("resetting", "Resetting WLAN due to <more>"),
    LogLine("resetting", "Resetting network interfaces due <more>"),
    LogLine("key-event", "Send event spark/device/key/error=<more>"),
    # --- the device itself
    LogLine("panic", "![!][!][!]", bare=True),
    LogLine("memory", "Out of memory error: <n> bytes<more>", bare=True),
    LogLine("memory", "unable to allocate cert storage<more>"),
    LogLine("memory", "sock_send ENOMEM<more>"),
    LogLine("memory", "sock_recv ENOMEM<more>"),
    LogLine("battery", "USB power: false, Battery Volage: <volts><more>", bare=True),
    # --- cellular
    LogLine("cellular", "Sim Ready", once=True),
    LogLine("cellular", "Modem::<more>", bare=True, once=True),
    LogLine("cellular", "< +CEREG: <more>", once=True),
    LogLine("cellular", "< +CGREG: <more>", once=True),
    LogLine("cellular", "< +CREG: <more>", once=True),
    LogLine("cellular", "> AT+CGATT<more>", once=True),
    LogLine("cellular", "> AT+CGDCONT<more>", once=True),
    LogLine("cellular", "> AT+COPS<more>", once=True),
    LogLine("cellular", "PPP phase -> <more>", once=True),
    LogLine("muxer-dead", "The other end has not replied to keep alives<more>"),
    LogLine("muxer-dead", "considering muxed connection dead<more>"),
    # --- Cloud Debug (particle-iot/cloud-debug fe99a6a), and what applications like it print
    LogLine("model", "Platform: <model>", bare=True),
    LogLine("version", "System version: <version>", bare=True),
    LogLine("credentials", "Configured credentials:", bare=True),
    LogLine("credentials", "configured credentials:", bare=True),
    LogLine("known", "ssid={ssid} security=<security> cipher=<cipher>", bare=True),
    LogLine("heard", "ssid={ssid} security=<security> channel=<channel> rssi=<signal>", bare=True),
    LogLine("heard", "SSID={ssid} security=<security> channel=<channel> rssi=<signal>", bare=True),
    LogLine("own-address", "localIP={address}", bare=True),
    LogLine("own-address", "localIP: {address}", bare=True),
    LogLine("own-gateway", "gatewayIP={address}", bare=True),
    LogLine("own-gateway", "gatewayIP: {address}", bare=True),
    LogLine("own-mask", "subnetMask={address}", bare=True),
    LogLine("own-mask", "subnetMask: {address}", bare=True),
    LogLine("ping-gateway", "ping gateway=<code>", bare=True),
    LogLine("ping-resolver", "ping dnsServerIP=<code>", bare=True),
    LogLine("ping-internet", "ping addr 8.8.8.8=<code>", bare=True),
    LogLine("debug-unresolved", "failed to get device.spark.io from DNS, try <code>", bare=True),
    LogLine("debug-tcp-failed", "could not connect to device server by CoAP<more>", bare=True),
)
"""All lines, in the order in which they are tried on a line of a log."""
KINDS: tuple[LineKind, ...] = tuple(line.recognised for line in LINES)
"""How each line is recognised."""
_PREDICTED = {line.name: line.predicted for line in LINES if line.name}


def predicted_line(stated: str) -> str:
    """The line that a profile predicts: `@` and the name of a line, or the line itself (a company's own firmware's)."""
    return _PREDICTED.get(stated.removeprefix("@"), stated) if stated.startswith("@") else stated


MEANS: dict[str, str] = {
    "joining": "It tries to join this network",
    "join-failed": "This attempt to join failed",
    "network-begins": "It begins to connect to its network",
    "joined": "It has joined its network",
    "link-dhcp": "It has joined, and asks DHCP for an address",
    "link-static": "It has joined, and uses a static address",
    "antenna": "The antenna that it uses",
    "cleared": "The networks that it knew were removed",
    "listening": "It is in listening mode: it waits to be given a network",
    "eap-valid": "Whether its 802.1X settings are complete",
    "ram": "The memory that is free when it joins, in bytes",
    "disconnect": "Its radio lost the access point",
    "heard-joining": "It tries to join this network",
    "heard": "A network that its radio hears",
    "unread-name": "The name of a network nearby has a comma or a quote in it",
    "cwjap": "This attempt to join failed",
    "wifi-failed": "This attempt to join failed",
    "ncp-ready": "Its radio's own processor answers",
    "ncp-dead": "Its radio's own processor does not answer",
    "wifi-link": "It has joined its network",
    "wifi-unlink": "It has left its network",
    "wifi-address": "An address was set",
    "other-link": "An interface other than Wi-Fi has a link (Ethernet)",
    "cellular-link": "The cellular interface has a link",
    "state": "The state of its network changed",
    "resolver-set": "A resolver was set",
    "address": "It has an address (the line says DHCP for a static one, too)",
    "no-address": "It got no address (the line follows a failed join, too)",
    "resolved": "A resolver answered",
    "unresolved": "No resolver gave the address of its cloud",
    "resolving": "It looks up the name of its cloud",
    "cloud-address": "It has an address of its cloud",
    "remembered": "It uses the address of its last session: no resolver was asked",
    "cloud-begins": "It begins to connect to its cloud",
    "tcp-made": "Somebody accepted its TCP connection",
    "tcp-failed": "Nobody accepted its TCP connection",
    "socket": "Its socket to the cloud is open; over UDP nothing has been sent by then",
    "socket-failed": "It could not connect to its cloud",
    "handshake-begins": "It begins the handshake with its cloud",
    "waits-for-nonce": "It waits for the first 40 bytes from its cloud",
    "nonce": "The first 40 bytes came: a server of its cloud was reached",
    "no-nonce": "Its cloud sent nothing for 20 s",
    "no-key": "Its cloud ended the handshake after it got the device's message",
    "bad-key": "What the cloud sent cannot be decrypted with the device's keys",
    "bad-key-before": "The device cannot read a key of its own; nothing was sent",
    "server-blank": "The server's address in the device is empty",
    "server": "The cloud server that is set in the device",
    "server-blank-key": "The server's key or address in the device is empty",
    "dtls-failed": "The DTLS handshake failed",
    "handshake-failed": "The handshake with its cloud failed",
    "cloud-failed": "The handshake with its cloud failed",
    "hello": "The secure connection is set up, or resumed from the last session; it sends HELLO",
    "no-hello": "Its cloud did not answer the HELLO",
    "udp-sent": "Its modem sends a datagram",
    "resumed": "It goes on with the session that it saved",
    "restore-status": "Whether it goes on with a session that it saved",
    "no-session": "It has no saved session",
    "handshake-done": "It and its cloud have exchanged messages both ways",
    "online": "It is online",
    "safe-mode": "It is online in safe mode: its program does not run",
    "ping-lost": "Its cloud did not answer the keep-alive",
    "loop-error": "The connection to its cloud ended with an error",
    "socket-error": "It could not receive from its cloud",
    "leaving": "It ends its connection to the cloud",
    "left": "Its connection to the cloud has ended",
    "test-failed": "Its Internet Test failed, too",
    "test-passed": "It says that the internet is there, and its cloud is not",
    "echoes": "How many test packets over Wi-Fi came back",
    "blinks": "It shows an error by its light",
    "resetting": "It starts its network again",
    "key-event": "Its keys were repaired",
    "panic": "It may have crashed here",
    "memory": "Its program has used up the memory",
    "battery": "It runs from its battery",
    "cellular": "It is a cellular device",
    "muxer-dead": "Its modem does not answer",
    "model": "The device",
    "version": "Its Device OS",
    "credentials": "The networks that it knows",
    "known": "A network that it knows",
    "own-address": "Its address",
    "own-gateway": "Its gateway",
    "own-mask": "Its subnet",
    "ping-gateway": "Whether its gateway answered a ping",
    "ping-resolver": "Whether its resolver answered a ping",
    "ping-internet": "Whether 8.8.8.8 answered a ping",
    "debug-unresolved": "No resolver gave the address of its cloud",
    "debug-tcp-failed": "Nobody accepted its TCP connection",
}
"""Keyed by kind: what the lines of this kind say, as a sentence without its full stop."""
HARMLESS: dict[str, str] = {
    "server-blank": "The device uses its built-in server where none is stored",
    "server-blank-key": "The device uses its built-in server where none is stored",
    "resumed": "The device goes on with its last session",
    "no-session": "The device has no saved session, so it makes a new one; the log of every first start has this line",
    "leaving": "The device ends its connection when its program asks for it, or before it tries again",
    "left": "The device ends its connection when its program asks for it, or before it tries again",
    "resetting": "This follows from what failed before",
    "key-event": "Its keys were repaired",
}
"""Keyed by kind: why lines that look like an error need no remedy."""
