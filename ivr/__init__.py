"""The controller: everything that touches the phone system."""
