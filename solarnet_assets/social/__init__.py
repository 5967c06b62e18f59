"""Online sectors: posts read, cleaned, classified and counted as shares of active users."""
