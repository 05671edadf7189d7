"""What differs by operating system: one folder for each, behind the interface `System`.

Nothing else asks which system this is.
"""
