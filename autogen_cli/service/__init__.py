"""What the command line, the library and the bridge share; `wiring` composes it from the configuration."""
