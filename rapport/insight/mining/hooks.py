"""What mining plugs into the house."""
