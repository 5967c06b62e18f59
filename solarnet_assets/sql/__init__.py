"""The SQL layer: plain SELECT files, their graph, and the refresh of a window of the warehouse."""
