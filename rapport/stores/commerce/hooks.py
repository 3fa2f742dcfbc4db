"""What commerce plugs into the house."""
