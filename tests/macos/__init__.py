"""What a Mac, or its headers, says of the code for macOS."""
