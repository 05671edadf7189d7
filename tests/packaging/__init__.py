"""The executables: run by hand, after packaging/build-linux."""
