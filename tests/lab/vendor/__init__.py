"""Particle's own DTLS server, built from npm: `node-mbed-dtls`, exactly as package-lock.json pins it."""
