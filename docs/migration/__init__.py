"""What becomes of the spans and attributes of other packages: one module for each of them."""
