"""What runs per message or per row; compiled by mypyc where a C compiler is there (see passgate.implementation)."""
