"""Files of a company's own products, whose clouds stand in the lab's own LAN."""

from tests.lab.lab import LOCAL_CLOUD
from tests.lab.servers import BEHIND_RELAY

PARTICLE = ("device.spark.io", "*.udp.particle.io", "*.udp-mesh.particle.io")
DTLS_PORT, NONCE_PORT, COAP_PORT = 5690, 5691, BEHIND_RELAY - 1
SENSOR = f"""based_on = "photon2"
title = "Acme sensor"

[cloud]
hosts = ["{LOCAL_CLOUD}"]
port = {DTLS_PORT}
"""
VALVE = f"""based_on = "photon"
title = "Acme valve"

[device_os]
newest = "1.5.2"

[cloud]
hosts = ["{LOCAL_CLOUD}"]
port = {NONCE_PORT}
"""
"""Device OS 1.5 asks for no time server's name, either."""
METER = f"""based_on = "generic"
title = "Acme meter"

[cloud]
hosts = ["{LOCAL_CLOUD}"]
port = {COAP_PORT}
"""
