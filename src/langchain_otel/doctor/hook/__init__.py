"""Holds what Python runs first in an application that the doctor has started."""
