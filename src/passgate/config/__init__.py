"""One typed model of ``passgate.yaml``; every problem in it is reported at once."""
