"""Records, people and work orders; knows nothing of the phone system."""
