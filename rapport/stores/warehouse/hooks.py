"""What warehouse plugs into the house."""
