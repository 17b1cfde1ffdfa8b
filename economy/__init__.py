"""The economy of the protocol, simulated on the contracts that are deployed."""
