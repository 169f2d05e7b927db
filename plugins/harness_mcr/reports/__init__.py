"""What is made from records."""
