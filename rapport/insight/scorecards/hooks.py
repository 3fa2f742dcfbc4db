"""What scorecards plugs into the house."""
