"""The shape of each payload that a run sends, by name, and where that shape is taken from.

Other people's servers are sent only what a device, or any client of the service, sends there. The footprint names the
shape of everything that was sent.
"""

from typing import NamedTuple


class Shape(NamedTuple):
    """A payload's form."""

    name: str
    source: str
    """Where the shape is taken from: the device and its version, the RFC, or the service's own page."""
    unguessed: tuple[int, int] | None = None
    """The bytes (first, and the one after the last) that nobody can guess without seeing the payload: at least 16
    random bits, as many as an IP identification has. None: there are no such bytes."""

    def is_quoted(self, datagram: bytes, quoted: bytes) -> bool:
        """Whether an ICMP error quotes so much of a datagram of this shape that the error's sender must have seen it.

        Quoted bytes after the datagram's end are a router's padding, and are ignored.
        """
        end = self.unguessed[1] if self.unguessed else len(datagram) + 1
        return len(quoted) >= end and quoted[: len(datagram)] == datagram[: len(quoted)]


DHCP_DISCOVER = Shape("DHCPDISCOVER", "lwIP 2 as Device OS has it (dhcp.c); RFC 2131")
DHCP_DISCOVER_NAMED = Shape("DHCPDISCOVER with options 12, 60 and 61", "RFC 2132; 60 as Windows has it ([MS-DHCPE])")
DHCP_DISCOVER_RELAYED = Shape("DHCPDISCOVER from a relay", "RFC 1542 section 4.1.1: the same with giaddr and a hop")
DHCP_REQUEST_RELAYED = Shape("DHCPREQUEST from a relay", "RFC 1542 section 4.1.1: the same with giaddr and a hop")
DHCP_REQUEST = Shape("DHCPREQUEST", "lwIP 2 as Device OS has it (dhcp.c); RFC 2131")
DHCP_RENEWAL = Shape(
    "DHCPREQUEST that renews", "lwIP 2 as Device OS has it (dhcp.c, dhcp_renew()); RFC 2131 section 4.3.2"
)
DHCP_RELEASE = Shape("DHCPRELEASE", "RFC 2131 section 4.4.6: a lease is given back")
DHCP_INFORM = Shape("DHCPINFORM", "RFC 2131 section 4.4.3: this laptop asks for its own configuration")
ARP_REQUEST = Shape(
    "ARP request", "RFC 5227 section 2.1.1: whether somebody has an address, such as the one that DHCP offers"
)
ARP_REPLY = Shape("ARP reply", "RFC 826: who has an address that is leased, to the server that is about to write to it")
ARP_OF_SYSTEM = Shape("ARP", "RFC 826: the system asks for, or tells, the MAC address of a host of the link")
AUTHENTICATION_REQUEST = Shape("authentication request", "IEEE 802.11-2020, 9.3.3.11: open system, from a station")
ASSOCIATION_REQUEST = Shape("association request", "IEEE 802.11-2020, 9.3.3.5, from a station")
DNS_QUERY = Shape("DNS query", "lwIP's dns.c: one question, recursion desired, no EDNS; RFC 1035", (0, 2))
NTP_REQUEST = Shape("NTP request", "Device OS 2.0 to 5.5, simple_ntp_client.cpp:301-331; RFC 5905", (24, 32))
CLIENT_HELLO = Shape(
    "DTLS ClientHello", "Device OS 2.0 and later, dtls_message_channel.cpp:252-277; RFC 6347", (27, 35)
)
COOKIE_HELLO = Shape(
    "DTLS ClientHello with the cookie",
    "Device OS 2.0 and later, its answer to a HelloVerifyRequest; RFC 6347 section 4.2.1",
    (27, 35),
)
DTLS_ALERT = Shape("DTLS alert", "mbedTLS, at the end of a handshake that failed; RFC 5246 section 7.2")
ECHO = Shape("reachability echo", "Device OS 5.6 and later, system_connection_manager.cpp")
COAP_PING = Shape("CoAP ping", "RFC 7252 section 4.3", (2, 4))
TCP_CONNECT = Shape("TCP connection, nothing sent", "Device OS for Core, Photon and P1: the server speaks first")
TCP_SYN = Shape("TCP SYN", "the beginning of a TCP connection; RFC 9293")
HTTP_HEAD = Shape("HTTP HEAD", "RFC 9110 section 9.3.2, to the site of a public CoAP test server")
HTTP_GET = Shape("HTTP GET", "RFC 9110 section 9.3.1, as the vendor's own portal check asks; RFC 8908")
TLS_HANDSHAKE = Shape("TLS handshake", "RFC 8446, with a vendor's portal-check host")
STATUS_GET = Shape(
    "HTTPS GET of a status page", "RFC 9110 section 9.3.1; Statuspage's public API, /api/v2/summary.json"
)
WHOLE = Shape("1 datagram with DF, its TTL ending at a router", "RFC 1191; it does not get to the server")
