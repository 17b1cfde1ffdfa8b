"""`python -m economy`."""

from economy.run import main

main()
