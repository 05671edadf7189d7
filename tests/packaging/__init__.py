"""What is shipped, after packaging/build-linux."""
