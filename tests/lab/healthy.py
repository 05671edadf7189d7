"""What each check says in a lab without a fault."""

AIR = (
    "wifi.band",
    "wifi.shared-ssid",
    "wifi.channel-width",
    "wifi.channel",
    "wifi.security",
    "wifi.mode",
    "wifi.ssid",
    "wifi.signal",
)
"""What the lab's air says, which is always good."""
HEALTHY = dict.fromkeys(
    (
        *AIR,
        "dhcp.offer",
        "dhcp.lease",
        "dhcp.servers",
        "dns.resolve",
        "dns.integrity",
        "ntp.reply",
        "portal",
        "coap.udp-5683",
        "cloud.transport",
        "path.egress",
    ),
    "pass",
)
