"""What value plugs into the house."""
