"""The simulated country: writes raw files of any day from (scenario, day), and keeps the truth to itself."""
