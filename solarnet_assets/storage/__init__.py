"""The lake (truth), its quarantine and evidence, and the warehouse that is derived from it."""
