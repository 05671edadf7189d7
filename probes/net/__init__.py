"""What the probes send and listen with: sockets, raw packets, exchanges, ladders, messages, names' addresses."""
