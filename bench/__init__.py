"""Speed, CPU, memory and freshness of this machine's Tideline: ``python -m bench`` prints one table and writes JSON."""
