"""autogen: writes the Python symbol that code already calls, and proves that it fits."""

__version__ = "0.1.0"
