"""``python -m passgate``."""

from passgate.cli.main import run

if __name__ == "__main__":
    run()
