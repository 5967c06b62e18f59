"""SolarNet Assets: economic recovery, read daily off satellites, GPS pings and social posts."""
